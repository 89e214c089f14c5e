"""The homepage."""

from pydantic import BaseModel, Field

from api.schemas.catalogue import ListedProduct


class HomeRecommendations(BaseModel):
    """The homepage of a shopper."""

    user_nickname: str = Field(description="Empty for a shopper whom the shop does not know.")
    recommendations: list[ListedProduct] = Field(description="Best first; sellable now; no product twice.")
