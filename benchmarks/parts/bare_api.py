"""A FastAPI route that does nothing but return the bytes of a homepage: what the framework itself costs."""

from pathlib import Path

from fastapi import FastAPI, Response

from settings import load_settings

app = FastAPI()
BODY = (Path(load_settings().var_dir) / "body.json").read_bytes()


@app.get("/recommendations/home")
async def get_home(user_id: int | str | None = None, limit: int = 20) -> Response:  # noqa: ARG001
    """Return the same bytes to everybody."""
    return Response(BODY, media_type="application/json")
