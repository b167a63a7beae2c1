"""Asking for work, and seeing how far it is."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from core import jobs
from core.records import Job
from core.replay import example_config
from core.views import operations, working
from core.workspace import Workspace
from pages.components.frame import EXAMPLE, Shown, example_workspace, figure, look_at
from pages.components.texts import plain, when


def ask(own: Workspace, kind: str, config: str, who: str) -> None:
    """Queue a job (for `on_click`); one of its kind that waits already is enough."""
    jobs.enqueue(own.store, kind, config, own.now(), who)


def job_button(
    shown: Shown, kind: str, label: str, *, text: str = "", primary: bool = False, last: bool = True
) -> None:
    """A button that asks for a job; while one waits or runs, how far it is; afterwards, what came of it."""
    job = operations.open_job(shown.own, kind, shown.config)
    st.button(
        label,
        key=f"ask-{kind}",
        type="primary" if primary else "secondary",
        disabled=job is not None,
        help=text or None,
        on_click=ask,
        args=(shown.own, kind, shown.config, shown.who),
    )
    if job is not None:
        st.fragment(_progress, run_every=1)(shown.own, kind, shown.config)
    elif last:
        _outcome(shown, operations.last_job(shown.own, kind, shown.config))


def _progress(own: Workspace, kind: str, config: str, doing: str = "") -> None:
    """How far a job is; once it has ended the page is made anew."""
    job = operations.open_job(own, kind, config)
    if job is None:
        st.rerun()
    elif job.state == "queued":
        waits = "it starts in a moment" if working.worker(own).alive else "no worker is running"
        st.progress(0.0, text=f"{doing}Asked for and queued; {waits}.")
    else:
        st.progress(min(max(job.progress, 0.0), 1.0), text=f"{doing}{job.progress:.0%}. {plain(job.doing)}")


def _outcome(shown: Shown, job: Job | None) -> None:
    if job is None:
        return
    said = f"Last time, {when(job.ended_at, shown.zone)}, asked by {plain(job.asked_by)}: {plain(job.sentence)}"
    if job.state == "failed":
        st.error(said, icon=":material/error:")
    else:
        st.caption(said)


def now_done(found: list[Job]) -> None:
    """What is being done, and what waits."""
    running = [job for job in found if job.state == "running"]
    waiting = [job for job in found if job.state == "queued"]
    doing = f"{running[0].progress:.0%}, {plain(running[0].doing)}" if running else "nothing at the moment"
    figure("Being done", running[0].kind if running else "none", doing)
    figure("Waiting", f"{len(waiting):,}", ", ".join(job.kind for job in waiting[::-1]) or "nothing waits")


def whose(shown: Shown, configs: Iterable[str]) -> list[str]:
    """For whom jobs are when not for the own clients: the example company, or the config file."""
    told = {str(shown.own.config_path): "", str(example_config(shown.own)): "example company"}
    return [told.get(config, config) for config in configs]


def failed(shown: Shown, found: list[Job]) -> None:
    """Jobs that failed and were not done since: why, and a way to ask for them again."""
    for job in operations.failed_jobs(found):
        with st.container(border=True):
            st.error(
                f"**{job.kind}** failed on {when(job.ended_at, shown.zone)}: {plain(job.sentence)}",
                icon=":material/error:",
            )
            waits = any(one.kind == job.kind and one.config == job.config and one.ended_at is None for one in found)
            st.button(
                "Ask for it again", key=f"again-{job.id}", disabled=waits, on_click=ask,
                args=(shown.own, job.kind, job.config, shown.who),
                help="It waits or runs already" if waits else None,
            )  # fmt: skip


def example_offer(shown: Shown) -> None:
    """The way to the example company: make it, see it grow, look at it as soon as it has a list."""
    own, config = shown.own, str(shown.own.config_path)
    job = operations.open_job(own, "demo", config)
    ready = example_workspace(own) is not None
    if ready:
        st.button("Look at the example company", type="primary", on_click=look_at, args=(EXAMPLE,), key="look")
    else:
        st.button(
            "Show me an example company",
            key="ask-demo",
            type="primary",
            disabled=job is not None,
            on_click=ask,
            args=(own, "demo", config, shown.who),
        )
    if job is not None:
        st.fragment(_example_progress, run_every=1)(own, config, ready)
    elif not ready:
        _outcome(shown, operations.last_job(own, "demo", config))


def _example_progress(own: Workspace, config: str, ready: bool) -> None:
    """How far the making is; the page is made anew when there is something to look at, and at the end."""
    if (example_workspace(own) is not None) != ready:
        st.rerun()
    _progress(own, "demo", config, "Making the example company. ")
    if ready:
        st.caption("You can look at it already; months are still being added.")
