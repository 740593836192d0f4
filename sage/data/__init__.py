"""Synthetic data: films in; questions, trajectories, training rows and a set for reinforcement out.

    write: film -> questions    solve: question -> trajectories    sift: keep what is right    pack: rows, set, card

Each step reads what the one before left in the run's folder and can be stopped and started again at any time; what
was paid for stands in `calls.jsonl` before it is used, and is never asked for twice (SAGE paper, section 4).
"""
