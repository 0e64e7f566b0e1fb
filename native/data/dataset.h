// A labelled set of images on disk: which files, which class, which lesion.
#pragma once

#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dermdistill {

struct Sample {
  std::string id;              // unique: the CSV's image id, or "CLASS/file.jpg" in a folder per class
  std::filesystem::path file;  // empty for a row without a file
  int label = 0;               // index into Dataset::classes
  std::string lesion;          // never empty: the image's own id when the lesion is unknown
  bool lesion_known = false;
  std::string sex, site, source;                          // "" where unknown
  double age = std::numeric_limits<double>::quiet_NaN();  // years; NaN where unknown
};

enum class Layout { Isic2019, Ham10000, FolderPerClass };
std::string_view to_string(Layout layout);  // "official ISIC 2019 layout", ...

struct Dataset {
  std::filesystem::path folder;
  Layout layout = Layout::FolderPerClass;
  std::vector<std::string> classes;  // the order of the labels
  std::vector<Sample> samples;       // in the order of their ids, every one with a file
  std::vector<Sample> missing;  // rows without a file, likewise; they take part in the split, which so does not move
  std::vector<std::string> missing_files;   // the ids of `missing`
  std::vector<std::string> unlisted_files;  // image files without a row, relative to `folder`
  std::vector<std::string> unknown_rows;    // ids that the metadata describe but the ground truth does not list

  /// Images of each class; missing files do not count.
  std::vector<std::int64_t> counts() const;
  /// SHA-256 (hex) of classes, ids, labels, lesions and file sizes, and of the rows without a file, which take part in
  /// the split: the identity by which a run and a cache know their data.
  std::string fingerprint() const;
};

/// Detects the layout of `folder` and reads its CSVs; no image is opened.
/// - ISIC 2019: `*GroundTruth.csv` with a column a class (the classes in the columns' order; a column UNK is a class
/// only
///   if a row has it), optionally `*Metadata.csv`, images anywhere below the folder.
/// - HAM10000: a CSV with columns `image_id` (or `image`) and `dx` (or `label`, `diagnosis`, `class`), images likewise.
///   The codes akiec, bcc, bkl, df, mel, nv, vasc become ISIC's; classes are in ISIC's order.
/// - Otherwise a folder per class.
/// @throws InputError (also FormatError for a malformed CSV) naming the file, the line and what was expected.
Dataset load_dataset(const std::filesystem::path& folder);

/// What whoever trains or measures on the set should know, a sentence each: rows without a file, metadata of images
/// that are not listed. Empty for a set that is whole.
std::vector<std::string> incomplete_rows(const Dataset& dataset);
/// Prints them to stderr as warnings.
void warn_of_incomplete_rows(const Dataset& dataset);

/// Images whose labels index the classes of a model.
struct KnownImages {
  Dataset dataset;
  std::int64_t left_out = 0;  // images of UNK, which the model does not know
};
/// The images at `indices`, in that order, with labels that index `classes`, such as a trained model's. Images of UNK
/// are left out when that is not one of them. @throws InputError when one is of another class that is not among them.
KnownImages with_classes(const Dataset& dataset, std::span<const int> indices, std::span<const std::string> classes);

}  // namespace dermdistill
