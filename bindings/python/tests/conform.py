"""A subject of the conformance table (the program `conform`): four lines in, one line out. With `--async`, by the async client."""

import asyncio
import json
import sys

import clerk_sessions


def call(settings, operation, parameters):
    with clerk_sessions.Client(settings.pop("secret_key"), **settings) as client:
        return client.call(operation, parameters)


async def call_async(settings, operation, parameters):
    async with clerk_sessions.AsyncClient(settings.pop("secret_key"), **settings) as client:
        return await client.call(operation, parameters)


def main():
    is_async = sys.argv[1:] == ["--async"]
    while line := sys.stdin.readline():
        settings, operation = json.loads(line), sys.stdin.readline().rstrip("\n")
        parameters = json.loads(sys.stdin.readline())
        sys.stdin.readline()
        try:
            arguments = (settings, operation, parameters)
            response = {"result": asyncio.run(call_async(*arguments)) if is_async else call(*arguments)}
        except clerk_sessions.ClerkError as error:
            response = {"error": error.fields}
        print(json.dumps(response), flush=True)


main()
