// What a trained model is worth, as its reports say it: the common ground of evaluation and of a run's own report.
#pragma once

#include <cstdint>

#include "native/report/report.h"
#include "native/train/run.h"
#include "native/train/scoring.h"

namespace dermdistill {

/// The metrics of a model's predictions, its card's operating points among them. `seed` is that of the intervals; no
/// bootstrap samples: no intervals. @throws as compute_metrics().
MetricReport measure(const ModelCard& card, const Predictions& predictions, std::uint64_t seed, int bootstrap_samples);

/// All of a report that follows from card, scores and metrics; model, data set, split and their warnings are the
/// caller's to add. Reads pictures by way of `dataset` and `scores`, which must live as long as the report.
EvaluationReport evaluation_report(const ModelCard& card, const Dataset& dataset, const Scores& scores,
                                   Predictions predictions, MetricReport metrics);

/// The last act of a finished run: scores its best model on the validation part (never on the test part), stores the
/// figures as validation.json and adds them to report.html. A run without validation images has only its curves.
/// @throws as load_model() and score_samples(); Interrupted, saying how to have the report written.
void report_run(const Run& run);

}  // namespace dermdistill
