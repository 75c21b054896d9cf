"""Workers that are threads of this process, where a fork is not safe."""

from __future__ import annotations

import threading
from collections.abc import Callable

from wce_cli.passes.walks import InOrder, P, S, Walk


def threaded(make: Callable[[], Walk[P, S]], n_groups: int, workers: int, fold: Callable[[P], None]) -> list[S]:
    """The groups, walked by threads of this process."""
    news, order = threading.Condition(), InOrder(fold)
    todo, parts, seen, failed = iter(range(n_groups)), dict[int, P](), list[S](), list[BaseException]()

    def work() -> None:
        try:
            walk = make()
            while True:
                with news:
                    k = None if failed else next(todo, None)
                if k is None:
                    break
                part = walk.group(k)
                with news:
                    parts[k] = part
                    news.notify()
            with news:
                seen.append(walk.seen())
                news.notify()
        except BaseException as error:  # raised again where the caller can see it
            with news:
                failed.append(error)
                news.notify()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        while True:
            with news:
                news.wait_for(lambda: parts or failed or len(seen) == workers)
                ready, ended = dict(parts), len(seen) == workers
                parts.clear()
            for k, part in sorted(ready.items()):
                order.put(k, part)
            if failed:
                raise failed[0]
            if ended and not ready:
                return seen
    except BaseException as error:
        failed.append(error)
        raise
    finally:
        for thread in threads:
            thread.join()
