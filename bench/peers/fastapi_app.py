"""The plain FastAPI way to answer one JSON object, served by uvicorn. A peer for ./dev bench."""
from fastapi import FastAPI

app = FastAPI()


@app.get("/")
async def hello():
    return {"hello": "world"}
