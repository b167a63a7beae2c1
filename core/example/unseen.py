"""What one row of the client table does not tell, drawn from clients that look alike."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.example.evolving import HORIZON, Book


def fill_unseen(book: Book, rng: np.random.Generator, hidden: Mapping[str, np.ndarray] | None = None) -> Book:
    """The book with what one row of the client table does not tell drawn from clients that look alike.

    `hidden` names states that an event keeps out of the table, each with the clients (bool) it is hidden of.
    """
    hidden = hidden or {}
    answered = book["answered"]
    seen = answered & ~hidden.get("satisfaction", np.zeros(len(answered), dtype=bool))
    tickets = book["tickets"]
    if "tickets" in hidden:
        tickets = np.where(hidden["tickets"], _tickets_by_satisfaction(book, seen, rng), tickets)
    alike = draw_alike(book["tickets"][answered], tickets, rng)
    satisfaction = np.where(seen, book["satisfaction"], book["satisfaction"][answered][alike])
    others = {
        state: _dealt(book[state], hidden[state], rng) for state in hidden if state not in {"satisfaction", "tickets"}
    }
    # the oldest months as shares of the year, from clients whose last month is the same share of theirs
    shares = book["history"] / book["lastyear"][:, None]
    alike = draw_alike(shares[:, -1], shares[:, -1], rng)
    leaving = shares[alike, : HORIZON - 1] * book["lastyear"][:, None]
    history = np.column_stack([leaving, book["history"][:, -1]])
    return book | others | {"tickets": tickets, "satisfaction": satisfaction, "history": history}


def _tickets_by_satisfaction(book: Book, seen: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Tickets of a client as satisfied, or of any where that is not known either."""
    tickets, satisfaction = book["tickets"], book["satisfaction"]
    alike = draw_alike(satisfaction[book["answered"]], satisfaction, rng)
    return np.where(seen, tickets[book["answered"]][alike], rng.permutation(tickets))


def _dealt(values: np.ndarray, hidden: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The hidden values dealt out anew among the clients they are hidden of."""
    dealt = values.copy()
    dealt[hidden] = rng.permutation(values[hidden])
    return dealt


def draw_alike(known: np.ndarray, wanted: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each wanted value the index of a known one, drawn from among the equal and nearest."""
    order = np.argsort(known, kind="stable")
    low, high = (np.searchsorted(known, wanted, side=side, sorter=order) for side in ("left", "right"))
    reach = len(known) // 200
    # among many equals any will do; otherwise a neighbour a little to either side
    at = low + (rng.random(len(wanted)) * (high - low)).astype(np.int64)
    at += np.where(high - low > reach, 0, rng.integers(-reach, reach + 1, len(wanted)))
    return order[np.clip(at, 0, len(known) - 1)]
