"""The reference server of session sharing (PyPI sessionfs) on SQLite and local blobs, one process: sessionfs_reference.py PORT FOLDER."""
import asyncio
import os
import pathlib
import sys

port, folder = int(sys.argv[1]), pathlib.Path(sys.argv[2])
(folder / "dashboard").mkdir(parents=True, exist_ok=True)
os.environ.update({"SFS_DATABASE_URL": f"sqlite+aiosqlite:///{folder}/reference.db", "SFS_BLOB_STORE_TYPE": "local", "SFS_BLOB_STORE_LOCAL_PATH": str(folder / "blobs"),
                   "SFS_REQUIRE_EMAIL_VERIFICATION": "false", "SFS_EMAIL_PROVIDER": "none", "SFS_RATE_LIMIT_PER_MINUTE": "0",
                   "SFS_KNOWLEDGE_RATE_LIMIT_PER_HOUR": "100000000", "SFS_VERIFICATION_SECRET": "x" * 40,
                   "SFS_API_URL": f"http://127.0.0.1:{port}", "SFS_DASHBOARD_DIR": str(folder / "dashboard")})
import fastapi.routing

init = fastapi.routing.APIRoute.__init__


def without_model(self, *arguments, **options):  # newer FastAPI refuses a reply model beside 204
    if options.get("status_code") == 204:
        options["response_model"] = None
    init(self, *arguments, **options)


fastapi.routing.APIRoute.__init__ = without_model
import uvicorn
from sessionfs.server.app import create_app
from sessionfs.server.db.models import Base
from sqlalchemy.ext.asyncio import create_async_engine


async def tables():
    engine = create_async_engine(os.environ["SFS_DATABASE_URL"])
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    await engine.dispose()


asyncio.run(tables())
uvicorn.run(create_app(), host="127.0.0.1", port=port, log_level="warning", access_log=False)
