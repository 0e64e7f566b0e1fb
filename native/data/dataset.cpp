#include "native/data/dataset.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <map>
#include <optional>

#include "core/base/error.h"
#include "native/base/sha256.h"
#include "native/base/text.h"
#include "native/data/csv.h"
#include "native/data/layouts.h"

namespace fs = std::filesystem;

namespace dermdistill {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::vector<fs::path> csv_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = lower(entry.path().filename().string());
    if (entry.is_regular_file() && name.ends_with(".csv") && !name.starts_with('.')) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::int64_t subfolders(const fs::path& folder) {
  std::int64_t count = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    count += entry.is_directory() && !entry.path().filename().string().starts_with('.') ? 1 : 0;
  }
  return count;
}

/// The one CSV whose name contains `word`; none is fine, two are not.
std::optional<fs::path> csv_named(const std::vector<fs::path>& files, const std::string& word) {
  std::optional<fs::path> found;
  for (const fs::path& file : files) {
    if (lower(file.filename().string()).find(word) == std::string::npos) continue;
    if (found) {
      throw InputError(
          file.parent_path().string(),
          "has two CSV files of the same kind, " + found->filename().string() + " and " + file.filename().string(),
          "one of them, the other one in another folder");
    }
    found = file;
  }
  return found;
}

constexpr std::string_view kUnknownClass = "UNK";
constexpr std::size_t kIdsShown = 3;  // ids listed before "and N more"

}  // namespace

std::string_view to_string(Layout layout) {
  switch (layout) {
    case Layout::Isic2019:
      return "official ISIC 2019 layout";
    case Layout::Ham10000:
      return "HAM10000 metadata";
    case Layout::FolderPerClass:
      return "a folder per class";
  }
  return "";
}

std::vector<std::int64_t> Dataset::counts() const {
  std::vector<std::int64_t> result(classes.size(), 0);
  for (const Sample& sample : samples) ++result[static_cast<std::size_t>(sample.label)];
  return result;
}

std::string Dataset::fingerprint() const {
  Sha256 hash;
  for (const std::string& name : classes) hash.add(name).add("\n");
  for (const Sample& sample : samples) {
    std::error_code error;
    const auto size = fs::file_size(sample.file, error);
    if (error) throw FileError(sample.file.string(), "cannot be read (" + error.message() + ")");
    hash.add(sample.id).add("\t" + std::to_string(sample.label) + "\t" + sample.lesion + "\t" + std::to_string(size) +
                            "\n");
  }
  for (const Sample& sample : missing)
    hash.add(sample.id).add("\t" + std::to_string(sample.label) + "\t" + sample.lesion + "\tmissing\n");
  return hash.finish();
}

Dataset load_dataset(const fs::path& folder) {
  if (!fs::exists(folder)) throw InputError(folder.string(), "does not exist", "a folder of labelled images");
  if (!fs::is_directory(folder)) throw InputError(folder.string(), "is not a folder", "a folder of labelled images");
  const std::vector<fs::path> files = csv_files(folder);
  Dataset dataset;
  if (const auto truth = csv_named(files, "groundtruth")) {
    std::optional<CsvTable> metadata;
    if (const auto path = csv_named(files, "metadata")) metadata = CsvTable::read(*path);
    dataset = load_isic(folder, CsvTable::read(*truth), metadata);
  } else {
    std::optional<CsvTable> labels;
    for (const fs::path& file : files) {
      CsvTable table = CsvTable::read(file);
      if (!is_ham_table(table)) continue;
      if (labels) {
        throw InputError(folder.string(), "has two CSV files with labels, " + labels->name() + " and " + table.name(),
                         "one of them, the other one in another folder");
      }
      labels = std::move(table);
    }
    if (!labels && !files.empty() && subfolders(folder) < 2) {
      throw InputError(files.front().string(), "has no column with the class of an image",
                       "ISIC's *GroundTruth.csv with a column a class, or columns \"image_id\" and \"dx\"");
    }
    dataset = labels ? load_ham(folder, *labels) : load_class_folders(folder);
  }
  dataset.folder = folder;
  const auto by_id = [](const Sample& a, const Sample& b) { return a.id < b.id; };
  std::sort(dataset.samples.begin(), dataset.samples.end(), by_id);
  std::sort(dataset.missing.begin(), dataset.missing.end(), by_id);
  for (const Sample& sample : dataset.missing) dataset.missing_files.push_back(sample.id);
  std::sort(dataset.unknown_rows.begin(), dataset.unknown_rows.end());
  return dataset;
}

std::vector<std::string> incomplete_rows(const Dataset& dataset) {
  std::vector<std::string> result;
  if (!dataset.missing_files.empty()) {
    result.push_back(std::to_string(dataset.missing_files.size()) + " of " +
                     std::to_string(dataset.samples.size() + dataset.missing_files.size()) +
                     " listed images have no file: " + some_of(dataset.missing_files, kIdsShown));
  }
  if (!dataset.unknown_rows.empty()) {
    result.push_back(
        "images in the metadata that the ground truth does not list: " + std::to_string(dataset.unknown_rows.size()) +
        " (" + some_of(dataset.unknown_rows, kIdsShown) + ")");
  }
  return result;
}

void warn_of_incomplete_rows(const Dataset& dataset) {
  for (const std::string& problem : incomplete_rows(dataset))
    std::fprintf(stderr, "dermdistill: warning: %s: %s\n", dataset.folder.c_str(), problem.c_str());
}

KnownImages with_classes(const Dataset& dataset, std::span<const int> indices, std::span<const std::string> classes) {
  std::vector<int> label_of(dataset.classes.size(), -1);
  for (std::size_t i = 0; i < dataset.classes.size(); ++i) {
    const auto place = std::find(classes.begin(), classes.end(), dataset.classes[i]);
    if (place != classes.end()) label_of[i] = static_cast<int>(place - classes.begin());
  }
  KnownImages known;
  known.dataset.folder = dataset.folder;
  known.dataset.layout = dataset.layout;
  known.dataset.classes.assign(classes.begin(), classes.end());
  std::map<std::string, std::vector<std::string>> unknown;  // class -> ids
  for (const int index : indices) {
    Sample sample = dataset.samples[static_cast<std::size_t>(index)];
    const std::string& name = dataset.classes[static_cast<std::size_t>(sample.label)];
    sample.label = label_of[static_cast<std::size_t>(sample.label)];
    if (sample.label >= 0) {
      known.dataset.samples.push_back(std::move(sample));
    } else if (name == kUnknownClass) {
      ++known.left_out;
    } else {
      unknown[name].push_back(sample.id);
    }
  }
  if (unknown.empty()) return known;
  std::string found, expected;
  for (const auto& [name, ids] : unknown)
    found +=
        (found.empty() ? "" : "; ") + name + " (" + std::to_string(ids.size()) + ": " + some_of(ids, kIdsShown) + ")";
  for (const std::string& name : classes) expected += (expected.empty() ? "" : ", ") + name;
  throw InputError(dataset.folder.string(), "has images of classes that the model does not know: " + found,
                   "only " + expected);
}

}  // namespace dermdistill
