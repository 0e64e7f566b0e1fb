#!/usr/bin/env python3
"""Writes reference.json: predictions with many ties, and every metric computed straight from its definition with numpy.

Run it again only when a definition changes:  python3 tests/metrics/make_reference.py
Slow and obvious on purpose: all pairs for the AUC, all thresholds for everything else.
"""
import json
import pathlib

import numpy as np

CLASSES = ["MEL", "NV", "BCC", "AK", "VASC"]  # VASC never occurs
MALIGNANT = ["MEL", "BCC", "AK"]


def make_predictions(images=180, seed=7):
    generator = np.random.default_rng(seed)
    labels = generator.choice(4, size=images, p=[0.25, 0.45, 0.2, 0.1])
    logits = generator.normal(size=(images, len(CLASSES))) + 1.3 * np.eye(len(CLASSES))[labels]
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    # Sixteenths: exact in binary, many ties between images and within a row.
    parts = np.floor(shares * 16).astype(int)
    parts[np.arange(images), parts.argmax(1)] += 16 - parts.sum(1)
    groups = np.sort(generator.integers(0, 110, size=images))
    return labels, groups, parts / 16


def pairwise_auc(scores, truth):
    wins = [(p > n) + 0.5 * (p == n) for p in scores[truth] for n in scores[~truth]]
    return float(np.mean(wins))


def average_precision(scores, truth):
    total, recall_before = 0.0, 0.0
    for threshold in sorted(set(scores), reverse=True):
        flagged = scores >= threshold
        recall = (flagged & truth).sum() / truth.sum()
        total += (recall - recall_before) * (flagged & truth).sum() / flagged.sum()
        recall_before = recall
    return float(total)


def thresholds(scores, truth):
    """(threshold, sensitivity, specificity) of every distinct rule "score >= threshold", the empty one among them."""
    points = [(np.inf, 0.0, 1.0)]
    for threshold in sorted(set(scores), reverse=True):
        flagged = scores >= threshold
        points.append((float(threshold), float(flagged[truth].mean()), float((~flagged)[~truth].mean())))
    return points


def sensitivity_at(scores, truth, specificity):
    return max(p[1] for p in thresholds(scores, truth) if p[2] >= specificity - 1e-12)


def specificity_at(scores, truth, sensitivity):
    return max(p[2] for p in thresholds(scores, truth) if p[1] >= sensitivity - 1e-12)


def operating_point(scores, truth, sensitivity):
    return max(p for p in thresholds(scores, truth) if p[1] >= sensitivity - 1e-12)


def calibration_error(probabilities, labels, bins=15):
    confidence, predicted = probabilities.max(1), probabilities.argmax(1)
    error = 0.0
    for b in range(bins):
        inside = (confidence > b / bins) & (confidence <= (b + 1) / bins)
        if inside.any():
            gap = abs((predicted == labels)[inside].mean() - confidence[inside].mean())
            error += inside.mean() * gap
    return float(error)


def main():
    labels, groups, probabilities = make_predictions()
    predicted = probabilities.argmax(1)
    per_class, present = {}, []
    for c, name in enumerate(CLASSES):
        truth, scores = labels == c, probabilities[:, c]
        entry = {"count": int(truth.sum()), "specificity": float((predicted != c)[~truth].mean())}
        if truth.any():
            present.append(name)
            entry["sensitivity"] = float((predicted == c)[truth].mean())
            entry["auc"] = pairwise_auc(scores, truth)
            entry["average_precision"] = average_precision(scores, truth)
        per_class[name] = entry
    mel, mel_truth = probabilities[:, 0], labels == 0
    indices = [CLASSES.index(name) for name in MALIGNANT]
    malignant, malignant_truth = probabilities[:, indices].sum(1), np.isin(labels, indices)
    confusion = np.zeros((len(CLASSES), len(CLASSES)), int)
    np.add.at(confusion, (labels, predicted), 1)
    expected = {
        "accuracy": float((predicted == labels).mean()),
        "balanced_accuracy": float(np.mean([per_class[c]["sensitivity"] for c in present])),
        "macro_auc": float(np.mean([per_class[c]["auc"] for c in present])),
        "mean_average_precision": float(np.mean([per_class[c]["average_precision"] for c in present])),
        "expected_calibration_error": calibration_error(probabilities, labels),
        "melanoma_sensitivity": per_class["MEL"]["sensitivity"],
        "melanoma_auc": per_class["MEL"]["auc"],
        "melanoma_sensitivity_at_90_specificity": sensitivity_at(mel, mel_truth, 0.90),
        "melanoma_sensitivity_at_95_specificity": sensitivity_at(mel, mel_truth, 0.95),
        "malignant_auc": pairwise_auc(malignant, malignant_truth),
        "malignant_sensitivity_at_90_specificity": sensitivity_at(malignant, malignant_truth, 0.90),
        "malignant_sensitivity_at_95_specificity": sensitivity_at(malignant, malignant_truth, 0.95),
        "malignant_specificity_at_90_sensitivity": specificity_at(malignant, malignant_truth, 0.90),
        "malignant_specificity_at_95_sensitivity": specificity_at(malignant, malignant_truth, 0.95),
    }
    points = []
    for target, scores, truth in (("MEL", mel, mel_truth), ("malignant", malignant, malignant_truth)):
        for wanted in (0.90, 0.95):
            threshold, sensitivity, specificity = operating_point(scores, truth, wanted)
            points.append({"target": target, "wanted_sensitivity": wanted, "threshold": threshold,
                           "sensitivity": sensitivity, "specificity": specificity})
    reference = {
        "classes": CLASSES,
        "labels": labels.tolist(),
        "groups": groups.tolist(),
        "sixteenths": (probabilities * 16).astype(int).ravel().tolist(),
        "expected": expected,
        "per_class": per_class,
        "confusion": confusion.tolist(),
        "operating_points": points,
    }
    path = pathlib.Path(__file__).with_name("reference.json")
    path.write_text(json.dumps(reference, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
