"""The losses that sum over paths, by their definitions in float64."""

import itertools

import numpy as np


def log_sum(values):
    values = np.asarray(list(values), np.float64)
    top = values.max(initial=-np.inf)
    return -np.inf if top == -np.inf else top + np.log(np.exp(values - top).sum())


def crf_score(emissions, path, transitions, start, end):
    """The score of one path through emissions (steps, tags)."""
    if not len(path):
        return 0.0
    score = start[path[0]] + end[path[-1]]
    score += sum(transitions[a, b] for a, b in itertools.pairwise(path))
    return score + sum(row[tag] for row, tag in zip(emissions, path, strict=True))


def crf_of_all_paths(emissions, path, transitions, start, end):
    """The loss of one sequence by all paths, one by one."""
    tags = range(emissions.shape[1])
    paths = itertools.product(tags, repeat=len(path))
    scores = [crf_score(emissions, p, transitions, start, end) for p in paths]
    return log_sum(scores) - crf_score(emissions, path, transitions, start, end)


def crf(emissions, path, transitions, start, end):
    """The same, step by step: for long sequences."""
    if not len(path):
        return 0.0
    alpha = emissions[0] + start
    for row in emissions[1:]:
        alpha = np.array([log_sum(alpha + transitions[:, to]) for to in range(len(row))]) + row
    return log_sum(alpha + end) - crf_score(emissions, path, transitions, start, end)


def ctc_of_all_alignments(logits, labels, blank):
    """The loss of one sequence by all alignments, one by one."""
    steps, classes = logits.shape
    log_probs = logits - np.array([log_sum(row) for row in logits]).reshape(-1, 1)
    found = []
    for alignment in itertools.product(range(classes), repeat=steps):
        merged = [k for k, _ in itertools.groupby(alignment) if k != blank]
        if merged == list(labels):
            found.append(sum(log_probs[t, k] for t, k in enumerate(alignment)))
    return -log_sum(found)


def ctc(logits, labels, blank):
    """The same, step by step: for long sequences."""
    log_probs = logits - np.array([log_sum(row) for row in logits]).reshape(-1, 1)
    states = [blank]
    for label in labels:
        states += [label, blank]
    if not len(logits):
        return 0.0 if len(states) == 1 else np.inf
    alpha = np.full(len(states), -np.inf)
    alpha[:2] = log_probs[0][states[:2]]
    for row in log_probs[1:]:
        before = alpha
        alpha = np.empty(len(states))
        for s, state in enumerate(states):
            ways = [before[s]] + ([before[s - 1]] if s else [])
            if s >= 2 and state != blank and state != states[s - 2]:
                ways.append(before[s - 2])
            alpha[s] = row[state] + log_sum(ways)
    return -log_sum(alpha[-2:])


def viterbi(emissions, transitions, start, end):
    """The best tags of one sequence (steps, tags) and their score, in float32 and with NumPy's
    argmax: the first of equal ones, and a NaN above all.
    """
    if not len(emissions):
        return [], np.float32(0)
    score, before = emissions[0] + start, []
    for row in emissions[1:]:
        paths = score[:, None] + transitions
        before.append(paths.argmax(axis=0))
        score = paths[before[-1], np.arange(len(row))] + row
    score = score + end
    tags = [int(score.argmax())]
    for back in reversed(before):
        tags.append(int(back[tags[-1]]))
    return tags[::-1], score[tags[0]]
