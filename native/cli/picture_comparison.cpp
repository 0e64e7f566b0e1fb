#include "native/cli/picture_comparison.h"

#include <cstdio>

namespace dermdistill {
std::string comparison_text(const PictureComparison& comparison, const MetricReport& other) {
  const MetricReport& own = comparison.own;
  std::string text =
      "The same " + std::to_string(own.images) + " images, the data set's own pictures -> these pictures:\n";
  char line[96];
  const auto add = [&](const char* name, double before, double after) {
    std::snprintf(line, sizeof line, "  %-38s %.3f -> %.3f (%+.3f)\n", name, before, after, after - before);
    text += line;
  };
  if (own.melanoma_auc && other.melanoma_auc) add("melanoma AUC", own.melanoma_auc->value, other.melanoma_auc->value);
  add("balanced accuracy", own.balanced_accuracy.value, other.balanced_accuracy.value);
  add("accuracy", own.accuracy.value, other.accuracy.value);
  std::snprintf(line, sizeof line, "  %-38s %.1f %%\n", "answers that are another class", 100 * comparison.changed);
  return text + line;
}

nlohmann::json to_json(const PictureComparison& comparison) {
  return {{"changed_answers", comparison.changed}, {"metrics", to_json(comparison.own)}};
}

}  // namespace dermdistill
