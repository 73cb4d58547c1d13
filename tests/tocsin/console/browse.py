"""A browser without a screen: asks the console in process and keeps its cookies."""

import asyncio
import re

import httpx
from invented_source import InventedSource

from tocsin.console.app import create_app


class Visitor:
    """Somebody on this machine, in one language, acting as ``person`` or as nobody."""

    def __init__(self, view, person="", lang="en", address="127.0.0.1", source=None, **options):
        self.source = source or InventedSource(view)
        self.app = create_app(self.source, **options)
        self.address = address
        self.cookies = {"tocsin_person": person, "tocsin_lang": lang}

    def ask(self, method, path, **more):
        async def go():
            transport = httpx.ASGITransport(self.app, client=(self.address, 4711))
            async with httpx.AsyncClient(
                transport=transport, base_url="http://127.0.0.1:8000", cookies=self.cookies
            ) as client:
                return await client.request(method, path, **more)

        return asyncio.run(go())

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, data, **more):
        return self.ask("POST", path, data=data, **more)

    def press(self, kind, unit, **fields):
        """Send an act's form as its page renders it."""
        page = self.get(f"/acts/{kind}?unit={unit}&hotspot={fields.get('hotspot', '')}")
        token = re.search(r'name="token" value="(\w+)"', page.text)
        return self.post("/acts", {"token": token[1] if token else "", "kind": kind, "unit": unit, **fields})
