"""The week's list of each client manager."""

from __future__ import annotations

import numpy as np


def pick(owner: np.ndarray, off: np.ndarray, first: np.ndarray, room: np.ndarray) -> np.ndarray:
    """Places of the clients to call (k,), those that stand `first` before the others, each in the order given.

    `owner`: the number of each client's manager (n,), clients in order of priority. `off`: who is not to be called
    (mask). `first`: who was promised a call (mask). `room`: how many clients each manager can still call (managers,).
    """
    places = np.flatnonzero(~off)
    places = places[np.argsort(~first[places], kind="stable")]
    own = owner[places]
    by_owner = np.argsort(own, kind="stable")
    sizes = np.bincount(own, minlength=len(room))
    begins = np.cumsum(sizes) - sizes
    position = np.empty(len(places), dtype=np.int64)
    position[by_owner] = np.arange(len(places)) - np.repeat(begins, sizes)
    chosen: np.ndarray = places[position < room[own]]
    return chosen
