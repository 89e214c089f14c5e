"""Routes of what a shopper chooses about their own recommendations."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from api.pages.exclusions import load_exclusions
from api.queries.choices import TooManyChoicesError, fetch_choices, undo_choice, write_choice
from api.queries.chosen_products import NothingToChooseError, describe_choices, fetch_chosen
from api.routes.dependencies import DatabasesDep, ExclusionsDep, OwnerDep, PlatformWriterDep
from api.schemas import MAX_ID, Choice, Choices, NewChoice
from api.web.errors import ApiError, refusals

router = APIRouter(tags=["choices"])


@router.get("/users/{user_id}/choices", responses=refusals(401, 403, 422, 503))
async def get_choices(databases: DatabasesDep, user_id: OwnerDep) -> Choices:
    """List the choices of a shopper that hold, newest first."""
    choices = await databases.platform.read(fetch_choices, user_id)
    return Choices(choices=await databases.shop.read(describe_choices, choices))


@router.post(
    "/users/{user_id}/choices",
    status_code=201,
    responses={
        200: {"model": Choice, "description": "The same choice held before."},
        **refusals(401, 403, 404, 409, 413, 422, 503),
    },
)
async def post_choice(
    databases: DatabasesDep,
    writer: PlatformWriterDep,
    remembered: ExclusionsDep,
    user_id: OwnerDep,
    choice: NewChoice,
    response: Response,
) -> Choice:
    """Take a choice, which holds at once on every list. Sending it again is safe."""
    try:
        chosen = await databases.shop.read(fetch_chosen, user_id, choice)
        stored, is_new = await writer.write(write_choice, user_id, chosen)
    except NothingToChooseError as err:
        raise ApiError(404, str(err)) from err
    except TooManyChoicesError as err:
        raise ApiError(409, str(err)) from err
    if not is_new:
        response.status_code = 200
    await load_exclusions(databases, user_id, remembered)
    [described] = await databases.shop.read(describe_choices, [stored])
    return described


@router.delete("/users/{user_id}/choices/{choice_id}", status_code=204, responses=refusals(401, 403, 404, 422, 503))
async def delete_choice(
    databases: DatabasesDep,
    writer: PlatformWriterDep,
    remembered: ExclusionsDep,
    user_id: OwnerDep,
    choice_id: Annotated[int, Path(ge=0, le=MAX_ID)],
) -> None:
    """Undo a choice. Sending it again is safe."""
    if not await writer.write(undo_choice, user_id, choice_id):
        raise ApiError(404, "This shopper has made no choice with this id.")
    await load_exclusions(databases, user_id, remembered)
