// Metrics of predictions.
#include "core/metrics/metrics.h"

#include <emscripten/bind.h>

#include "wasm/errors.h"
#include "wasm/values.h"

namespace dermdistill::wasm {
namespace {

val metrics_of(val classes, val probabilities, val labels, val groups, int samples) {
  return guarded([&] {
    Predictions predictions;
    predictions.classes = texts_from(classes, "classes");
    predictions.probabilities = floats_from(probabilities, "probabilities");
    predictions.labels = integers_from(labels, "labels");
    if (!is_absent(groups)) predictions.groups = integers_from(groups, "groups");
    MetricOptions options;
    options.bootstrap_samples = samples;
    return to_object(to_json(compute_metrics(predictions, options), CurveDetail::Thinned));
  });
}

}  // namespace
}  // namespace dermdistill::wasm

EMSCRIPTEN_BINDINGS(dermdistill_metrics) {
  using namespace dermdistill::wasm;
  emscripten::function("computeMetrics", &metrics_of);
}
