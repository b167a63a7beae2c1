"""The HTTP face, mounted at /api beside the dashboard. A plain `def` route runs in a thread and blocks no session."""

from __future__ import annotations

from fastapi import FastAPI

#: no /docs: its pages would fetch scripts from another host
api = FastAPI(title="Bellwether", docs_url=None, redoc_url=None)


@api.get("/health")
def health() -> dict[str, str]:
    """Whether the server answers."""
    return {"status": "ok"}
