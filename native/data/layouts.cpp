#include "native/data/layouts.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <set>
#include <string>

#include "core/base/error.h"
#include "core/io/model_card.h"
#include "native/data/image_index.h"

namespace fs = std::filesystem;

namespace dermdistill {
namespace {

constexpr std::array<std::string_view, 5> kImageColumns{"image", "image_id", "isic_id", "image_name", "filename"};
constexpr std::array<std::string_view, 5> kClassColumns{"dx", "label", "diagnosis", "class", "target_class"};
constexpr std::array<std::string_view, 2> kAgeColumns{"age_approx", "age"};
constexpr std::array<std::string_view, 4> kSiteColumns{"anatom_site_general", "anatom_site_general_challenge",
                                                       "localization", "site"};
constexpr std::array<std::string_view, 2> kLesionColumns{"lesion_id", "lesion"};
constexpr std::array<std::string_view, 2> kSexColumns{"sex", "gender"};
constexpr std::array<std::string_view, 3> kSourceColumns{"dataset", "source", "attribution"};
constexpr std::string_view kUnknownClass = "UNK";

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return result;
}

std::string where(const CsvTable& table, std::size_t row) {
  return table.name() + " line " + std::to_string(table.line(row));
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// The number in a cell, NaN where it holds none.
double number_in(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : std::numeric_limits<double>::quiet_NaN();
}

/// The cell, with the words that mean "not known" made empty.
std::string known_text(std::string_view cell) {
  const std::string word = upper(cell);
  return word == "UNKNOWN" || word == "NA" || word == "N/A" || word == "NAN" || word == "NONE" ? "" : std::string(cell);
}

/// The columns that describe an image, in whichever table they are.
class MetadataColumns {
 public:
  explicit MetadataColumns(const CsvTable& table)
      : table_(table),
        age_(table.find(kAgeColumns)),
        site_(table.find(kSiteColumns)),
        lesion_(table.find(kLesionColumns)),
        sex_(table.find(kSexColumns)),
        source_(table.find(kSourceColumns)) {}

  void fill(Sample& sample, std::size_t row) const {
    sample.age = number_in(table_.cell(row, age_));
    sample.site = known_text(table_.cell(row, site_));
    sample.sex = known_text(table_.cell(row, sex_));
    sample.source = known_text(table_.cell(row, source_));
    const std::string lesion = known_text(table_.cell(row, lesion_));
    if (lesion.empty()) return;
    sample.lesion = lesion;
    sample.lesion_known = true;
  }

 private:
  const CsvTable& table_;
  std::optional<std::size_t> age_, site_, lesion_, sex_, source_;
};

/// Sorts the rows into those with a file and those without, and notes the files without a row.
void attach_files(Dataset& dataset, std::vector<Sample> rows, const fs::path& folder, const std::string& csv) {
  std::map<std::string, fs::path> files = index_images(folder);
  if (files.empty()) throw InputError(folder.string(), "holds no images", "JPEG or PNG files for the rows of " + csv);
  for (Sample& sample : rows) {
    const auto place = files.find(sample.id);
    if (place == files.end()) {
      dataset.missing.push_back(std::move(sample));
    } else {
      sample.file = std::move(place->second);
      files.erase(place);
      dataset.samples.push_back(std::move(sample));
    }
  }
  for (const auto& [id, file] : files)
    dataset.unlisted_files.push_back(file.lexically_relative(folder).generic_string());
  if (dataset.samples.empty()) {
    throw InputError(
        folder.string(),
        "none of the " + std::to_string(dataset.missing.size()) + " images listed in " + csv + " has a file",
        "files named after the image column, such as " +
            (dataset.missing.empty() ? std::string("ISIC_0000000") : dataset.missing.front().id) + ".jpg");
  }
}

/// A new sample with the row's id. @throws InputError for an empty or repeated id.
Sample sample_of(const CsvTable& table, std::size_t row, std::size_t image_column, std::set<std::string>& seen) {
  Sample sample;
  sample.id = without_image_extension(table.cell(row, image_column));
  sample.lesion = sample.id;
  if (sample.id.empty()) throw InputError(where(table, row), "the image's id is empty", "an id in every row");
  if (!seen.insert(sample.id).second)
    throw InputError(where(table, row), "image \"" + sample.id + "\" is listed twice", "one row an image");
  return sample;
}

/// True for 1, false for 0 and empty, in any spelling of the number.
bool is_set(const CsvTable& table, std::size_t row, std::size_t column) {
  const std::string& text = table.cell(row, column);
  if (text.empty()) return false;
  const double value = number_in(text);
  if (value != 0.0 && value != 1.0) {
    throw InputError(where(table, row), "column " + table.columns()[column] + " holds \"" + text + "\"", "0 or 1");
  }
  return value == 1.0;
}

bool holds_only_labels(const CsvTable& table, std::size_t column) {
  for (std::size_t row = 0; row < table.rows(); ++row) {
    const std::string& text = table.cell(row, column);
    const double value = number_in(text);
    if (!text.empty() && value != 0.0 && value != 1.0) return false;
  }
  return true;
}

/// ISIC's classes where there are any of them, so that further columns (weights, remarks) do no harm; otherwise every
/// column of zeros and ones.
std::vector<std::size_t> class_columns(const CsvTable& table, std::size_t image_column) {
  std::vector<std::size_t> official, other;
  const std::vector<std::string>& codes = isic_classes();
  for (std::size_t column = 0; column < table.columns().size(); ++column) {
    const std::string name = upper(table.columns()[column]);
    if (column == image_column || name.empty()) continue;
    if (name == kUnknownClass || std::find(codes.begin(), codes.end(), name) != codes.end()) {
      official.push_back(column);
    } else if (holds_only_labels(table, column)) {
      other.push_back(column);
    }
  }
  const std::vector<std::size_t>& columns = official.size() >= 2 ? official : other;
  if (columns.size() < 2) {
    throw InputError(table.name(), "has no class columns (it has: " + listed(table.columns()) + ")",
                     "a column of 0 and 1 for each class, such as " + listed(codes));
  }
  return columns;
}

std::string class_of_code(std::string_view text) {
  static const std::map<std::string, std::string, std::less<>> kCodes{
      {"AKIEC", "AK"}, {"BKL", "BKL"}, {"MELANOMA", "MEL"}, {"NEVUS", "NV"}};
  const std::string code = upper(text);
  const auto place = kCodes.find(code);
  if (place != kCodes.end()) return place->second;
  const std::vector<std::string>& codes = isic_classes();
  return std::find(codes.begin(), codes.end(), code) != codes.end() ? code : std::string(text);
}

/// Official classes in their order, then others by name.
std::vector<std::string> in_official_order(const std::set<std::string>& names) {
  std::vector<std::string> result;
  for (const std::string& code : isic_classes()) {
    if (names.count(code) != 0) result.push_back(code);
  }
  for (const std::string& name : names) {
    if (std::find(result.begin(), result.end(), name) == result.end()) result.push_back(name);
  }
  return result;
}

int index_of(const std::vector<std::string>& names, const std::string& name) {
  return static_cast<int>(std::find(names.begin(), names.end(), name) - names.begin());
}

}  // namespace

Dataset load_isic(const fs::path& folder, const CsvTable& truth, const std::optional<CsvTable>& metadata) {
  const std::size_t image_column = truth.require(kImageColumns);
  std::vector<std::size_t> columns = class_columns(truth, image_column);
  std::erase_if(columns, [&](std::size_t column) {
    if (upper(truth.columns()[column]) != kUnknownClass) return false;
    for (std::size_t row = 0; row < truth.rows(); ++row) {
      if (is_set(truth, row, column)) return false;
    }
    return true;
  });
  Dataset dataset;
  dataset.layout = Layout::Isic2019;
  for (const std::size_t column : columns) dataset.classes.push_back(class_of_code(truth.columns()[column]));

  std::set<std::string> seen;
  std::vector<Sample> samples;
  std::map<std::string, std::size_t> row_of;
  for (std::size_t row = 0; row < truth.rows(); ++row) {
    Sample sample = sample_of(truth, row, image_column, seen);
    std::vector<std::string> labels;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (!is_set(truth, row, columns[i])) continue;
      sample.label = static_cast<int>(i);
      labels.push_back(dataset.classes[i]);
    }
    if (labels.size() != 1) {
      throw InputError(
          where(truth, row),
          "image \"" + sample.id + "\" has " + (labels.empty() ? "no label" : "the labels " + listed(labels)),
          "exactly one of " + listed(dataset.classes));
    }
    row_of[sample.id] = samples.size();
    samples.push_back(std::move(sample));
  }
  if (metadata) {
    const std::size_t id_column = metadata->require(kImageColumns);
    const MetadataColumns described(*metadata);
    std::set<std::string> described_ids;
    for (std::size_t row = 0; row < metadata->rows(); ++row) {
      const Sample found = sample_of(*metadata, row, id_column, described_ids);
      const auto place = row_of.find(found.id);
      if (place != row_of.end()) {
        described.fill(samples[place->second], row);
      } else {
        dataset.unknown_rows.push_back(found.id);
      }
    }
  }
  attach_files(dataset, std::move(samples), folder, truth.name());
  return dataset;
}

bool is_ham_table(const CsvTable& table) { return table.find(kImageColumns) && table.find(kClassColumns); }

Dataset load_ham(const fs::path& folder, const CsvTable& table) {
  const std::size_t image_column = table.require(kImageColumns), class_column = table.require(kClassColumns);
  Dataset dataset;
  dataset.layout = Layout::Ham10000;
  std::set<std::string> names, seen;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    if (table.cell(row, class_column).empty()) {
      throw InputError(where(table, row), "column " + table.columns()[class_column] + " is empty", "the image's class");
    }
    names.insert(class_of_code(table.cell(row, class_column)));
  }
  if (names.size() < 2)
    throw InputError(table.name(), "names " + std::to_string(names.size()) + " classes", "at least two");
  dataset.classes = in_official_order(names);
  const MetadataColumns described(table);
  std::vector<Sample> samples;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    Sample sample = sample_of(table, row, image_column, seen);
    sample.label = index_of(dataset.classes, class_of_code(table.cell(row, class_column)));
    described.fill(sample, row);
    samples.push_back(std::move(sample));
  }
  attach_files(dataset, std::move(samples), folder, table.name());
  return dataset;
}

Dataset load_class_folders(const fs::path& folder) {
  static const std::set<std::string> kPartNames{"TRAIN", "TRAINING", "VAL", "VALID", "VALIDATION", "TEST", "TESTING"};
  std::map<std::string, std::vector<fs::path>> files_of;
  bool parts = false;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!entry.is_directory() || name.starts_with('.')) continue;
    files_of[name] = image_files(entry.path());
    parts = parts || kPartNames.count(upper(name)) != 0;
  }
  const bool any = std::any_of(files_of.begin(), files_of.end(), [](const auto& one) { return !one.second.empty(); });
  if (!any && image_files(folder).empty()) {
    throw InputError(folder.string(), "holds no images",
                     "JPEG or PNG files in the official ISIC layout or in a folder per class");
  }
  if (parts) {
    throw InputError(folder.string(), "holds folders of parts (train, test), not of classes",
                     "a folder per class with all images; the split is made from a seed");
  }
  if (files_of.size() < 2) {
    throw InputError(folder.string(), "holds images without labels",
                     "a *GroundTruth.csv, a metadata CSV, or a folder per class");
  }
  Dataset dataset;
  std::set<std::string> names;
  std::map<std::string, std::string> folder_of;
  for (const auto& [name, files] : files_of) {
    if (files.empty())
      throw InputError("class folder " + (folder / name).string(), "holds no images", "at least one JPEG or PNG file");
    const std::string code = class_of_code(name);
    if (!names.insert(code).second) {
      throw InputError(folder.string(), "folders " + folder_of[code] + " and " + name + " mean the same class " + code,
                       "one folder a class");
    }
    folder_of[code] = name;
  }
  dataset.classes = in_official_order(names);
  for (std::size_t label = 0; label < dataset.classes.size(); ++label) {
    for (const fs::path& file : files_of[folder_of[dataset.classes[label]]]) {
      Sample sample;
      sample.id = file.lexically_relative(folder).generic_string();
      sample.file = file;
      sample.label = static_cast<int>(label);
      sample.lesion = sample.id;
      dataset.samples.push_back(std::move(sample));
    }
  }
  return dataset;
}

}  // namespace dermdistill
