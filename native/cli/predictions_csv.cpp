#include "native/cli/predictions_csv.h"

#include <string_view>

#include "native/cli/printed.h"

namespace dermdistill {
namespace {

/// The cell as it stands in the file: quoted where a reader would take it for something else.
std::string csv_cell(std::string_view text) {
  const bool padded = !text.empty() && (text.front() == ' ' || text.back() == ' ');
  if (!padded && text.find_first_of(",\"\r\n\t") == std::string_view::npos) return std::string(text);
  std::string cell = "\"";
  for (const char letter : text) cell += letter == '"' ? std::string("\"\"") : std::string(1, letter);
  return cell + "\"";
}

}  // namespace

std::string predictions_csv(const Dataset& dataset, const Scores& scores, const Predictions& predictions) {
  std::string text = "image,label,lesion_id,file";
  for (const std::string& name : predictions.classes) text += "," + csv_cell(name);
  text += "\n";
  const std::size_t classes = predictions.classes.size();
  for (std::size_t i = 0; i < scores.samples.size(); ++i) {
    const Sample& sample = dataset.samples[static_cast<std::size_t>(scores.samples[i])];
    text += csv_cell(sample.id) + "," + csv_cell(predictions.classes[static_cast<std::size_t>(scores.labels[i])]) +
            "," + csv_cell(sample.lesion_known ? sample.lesion : "") + "," + csv_cell(sample.file.string());
    for (std::size_t c = 0; c < classes; ++c)
      text += printed(",%.9g", static_cast<double>(predictions.probabilities[i * classes + c]));
    text += "\n";
  }
  return text;
}

}  // namespace dermdistill
