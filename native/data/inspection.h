// What is in a data set, and what is wrong with it, before anything is trained on it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "native/data/dataset.h"
#include "native/data/split.h"

namespace dermdistill {

struct InspectionOptions {
  bool check_files = false;  // decode every image
  int threads = 1;
  SplitConfig split;
};

struct Inspection {
  std::string layout, folder, fingerprint;
  std::vector<std::string> classes;
  std::vector<std::int64_t> images, lesions, missing_of_class;  // of each class
  std::int64_t images_with_lesion = 0;
  std::map<std::int64_t, std::int64_t> lesions_of_size;  // number of images -> number of known lesions with so many
  std::vector<std::string> lesions_in_two_classes;
  std::vector<std::string> missing_files, unlisted_files, unknown_rows;
  std::vector<std::vector<std::string>> duplicates;             // ids of byte-identical files
  std::vector<std::vector<std::string>> conflicts;              // those of them whose labels differ
  std::int64_t duplicates_across_parts = 0;                     // groups that the previewed split separates
  std::map<std::pair<int, int>, std::int64_t> sizes;            // width, height -> images
  std::vector<std::pair<std::string, std::string>> unreadable;  // id, problem; only with check_files
  std::int64_t with_age = 0, with_sex = 0, with_site = 0, with_source = 0;
  SplitConfig split;
  std::vector<std::vector<std::int64_t>>
      split_counts;           // [train, validation, test][class]; empty when it cannot be split
  std::string split_problem;  // why it cannot
};

/// `report` is called with the number of images just looked at, never at the same time from two threads.
Inspection inspect_dataset(const Dataset& dataset, const InspectionOptions& options,
                           const std::function<void(int)>& report);
nlohmann::json to_json(const Inspection& inspection);
/// For a terminal: counts with bars, then everything worth knowing.
std::string to_text(const Inspection& inspection);

}  // namespace dermdistill
