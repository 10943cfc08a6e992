"""Waiting for what an event loop does, without a guess at how long it takes."""

import asyncio

from gan_helpers.widgets import live


async def until(holds):
    """Let the loop run until it is so; the limit only ends a wait for what never comes."""
    async with asyncio.timeout(600):
        while not holds():
            await asyncio.sleep(0.01)


async def settle():
    """Let the loop do all that waits for its turn now or soon: it keeps the order of delays."""
    for _ in range(10):
        await asyncio.sleep(0)
    await asyncio.sleep(4 * live.DELAY)
