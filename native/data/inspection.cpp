#include "native/data/inspection.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <exception>
#include <mutex>
#include <set>
#include <thread>
#include <tuple>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/image/image.h"
#include "core/image/jpeg_file.h"
#include "core/image/png_file.h"
#include "native/base/files.h"
#include "native/base/interrupt.h"
#include "native/base/sha256.h"

namespace dermdistill {
namespace {

/// What the bytes of one file say.
struct FileFacts {
  std::int64_t bytes = 0;
  int width = 0, height = 0;
  std::string hash;     // only of files that another one equals in size
  std::string problem;  // why it cannot be read; empty when it can
};

FileFacts look_at(const Sample& sample, bool decode, bool hash) {
  FileFacts facts;
  try {
    const MappedFile file(sample.file);
    const std::span<const std::byte> bytes = file.bytes();
    facts.bytes = static_cast<std::int64_t>(bytes.size());
    const PictureSize size = looks_like_png(bytes) ? png_size(bytes) : jpeg_size(bytes);
    facts.width = static_cast<int>(size.width);
    facts.height = static_cast<int>(size.height);
    if (hash) facts.hash = sha256(bytes);
    if (decode) decode_image(bytes, sample.file.string());
  } catch (const Error& error) {
    facts.problem = error.what();
  }
  return facts;
}

std::vector<FileFacts> look_at_files(const Dataset& dataset, const InspectionOptions& options,
                                     const std::function<void(int)>& report) {
  std::map<std::uintmax_t, int> files_of_size;
  std::vector<std::uintmax_t> sizes;
  for (const Sample& sample : dataset.samples) {
    std::error_code ignored;
    sizes.push_back(std::filesystem::file_size(sample.file, ignored));
    ++files_of_size[sizes.back()];
  }
  std::vector<FileFacts> facts(dataset.samples.size());
  std::atomic<std::size_t> taken{0};
  std::mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      for (std::size_t i = taken++; i < facts.size() && !interrupt_requested(); i = taken++) {
        facts[i] = look_at(dataset.samples[i], options.check_files, files_of_size.at(sizes[i]) > 1);
        const std::lock_guard lock(mutex);
        if (report) report(1);
      }
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (int i = 1; i < options.threads; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
  if (interrupt_requested()) throw Interrupted("stopped");
  return facts;
}

void count_labels(const Dataset& dataset, Inspection& result) {
  const std::size_t classes = dataset.classes.size();
  result.images = dataset.counts();
  result.missing_of_class.assign(classes, 0);
  for (const Sample& sample : dataset.missing) ++result.missing_of_class[static_cast<std::size_t>(sample.label)];
  std::vector<std::set<std::string>> lesions_of_class(classes);
  std::map<std::string, std::set<int>> labels_of;
  std::map<std::string, std::int64_t> images_of;
  for (const Sample& sample : dataset.samples) {
    lesions_of_class[static_cast<std::size_t>(sample.label)].insert(sample.lesion);
    if (sample.lesion_known) {
      ++result.images_with_lesion;
      ++images_of[sample.lesion];
      labels_of[sample.lesion].insert(sample.label);
    }
    result.with_age += std::isnan(sample.age) ? 0 : 1;
    result.with_sex += sample.sex.empty() ? 0 : 1;
    result.with_site += sample.site.empty() ? 0 : 1;
    result.with_source += sample.source.empty() ? 0 : 1;
  }
  for (const auto& lesions : lesions_of_class) result.lesions.push_back(static_cast<std::int64_t>(lesions.size()));
  for (const auto& [lesion, images] : images_of) ++result.lesions_of_size[images];
  for (const auto& [lesion, labels] : labels_of) {
    if (labels.size() > 1) result.lesions_in_two_classes.push_back(lesion);
  }
}

/// Groups of equal files, as indices into the samples.
std::vector<std::vector<std::size_t>> equal_files(const std::vector<FileFacts>& facts) {
  std::map<std::string, std::vector<std::size_t>> by_hash;
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (!facts[i].hash.empty()) by_hash[facts[i].hash].push_back(i);
  }
  std::vector<std::vector<std::size_t>> groups;
  for (auto& [hash, members] : by_hash) {
    if (members.size() > 1) groups.push_back(std::move(members));
  }
  std::sort(groups.begin(), groups.end());
  return groups;
}

void preview_split(const Dataset& dataset, const SplitConfig& config,
                   const std::vector<std::vector<std::size_t>>& duplicates, Inspection& result) {
  result.split = config;
  try {
    const Split split = split_dataset(dataset, config);
    std::vector<Part> part_of(dataset.samples.size(), Part::Train);
    for (const Part part : {Part::Train, Part::Validation, Part::Test}) {
      result.split_counts.push_back(counts_of(dataset, split.part(part)));
      for (const int i : split.part(part)) part_of[static_cast<std::size_t>(i)] = part;
    }
    for (const auto& group : duplicates) {
      const bool apart =
          std::any_of(group.begin(), group.end(), [&](std::size_t i) { return part_of[i] != part_of[group[0]]; });
      result.duplicates_across_parts += apart ? 1 : 0;
    }
  } catch (const InputError& error) {
    result.split_problem = error.what();
  }
}

}  // namespace

Inspection inspect_dataset(const Dataset& dataset, const InspectionOptions& options,
                           const std::function<void(int)>& report) {
  Inspection result;
  result.layout = to_string(dataset.layout);
  result.folder = dataset.folder.string();
  result.fingerprint = dataset.fingerprint();
  result.classes = dataset.classes;
  result.missing_files = dataset.missing_files;
  result.unlisted_files = dataset.unlisted_files;
  result.unknown_rows = dataset.unknown_rows;
  count_labels(dataset, result);
  const std::vector<FileFacts> facts = look_at_files(dataset, options, report);
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (!facts[i].problem.empty()) result.unreadable.emplace_back(dataset.samples[i].id, facts[i].problem);
    if (facts[i].width > 0) ++result.sizes[{facts[i].width, facts[i].height}];
  }
  const auto duplicates = equal_files(facts);
  for (const auto& group : duplicates) {
    std::vector<std::string> ids;
    std::set<int> labels;
    for (const std::size_t i : group) {
      ids.push_back(dataset.samples[i].id);
      labels.insert(dataset.samples[i].label);
    }
    if (labels.size() > 1) result.conflicts.push_back(ids);
    result.duplicates.push_back(std::move(ids));
  }
  preview_split(dataset, options.split, duplicates, result);
  return result;
}

nlohmann::json to_json(const Inspection& inspection) {
  nlohmann::json json{{"folder", inspection.folder},
                      {"layout", inspection.layout},
                      {"fingerprint", inspection.fingerprint},
                      {"lesions_in_two_classes", inspection.lesions_in_two_classes},
                      {"missing_files", inspection.missing_files},
                      {"unlisted_files", inspection.unlisted_files},
                      {"unknown_rows", inspection.unknown_rows},
                      {"duplicates", inspection.duplicates},
                      {"conflicts", inspection.conflicts},
                      {"duplicates_across_parts", inspection.duplicates_across_parts},
                      {"images_with_lesion", inspection.images_with_lesion},
                      {"metadata",
                       {{"age", inspection.with_age},
                        {"sex", inspection.with_sex},
                        {"site", inspection.with_site},
                        {"source", inspection.with_source}}}};
  json["classes"] = nlohmann::json::array();
  for (std::size_t i = 0; i < inspection.classes.size(); ++i) {
    json["classes"].push_back({{"class", inspection.classes[i]},
                               {"images", inspection.images[i]},
                               {"lesions", inspection.lesions[i]},
                               {"missing", inspection.missing_of_class[i]}});
  }
  json["lesions_of_size"] = nlohmann::json::object();
  for (const auto& [images, lesions] : inspection.lesions_of_size)
    json["lesions_of_size"][std::to_string(images)] = lesions;
  json["sizes"] = nlohmann::json::array();
  for (const auto& [size, images] : inspection.sizes) {
    json["sizes"].push_back({{"width", size.first}, {"height", size.second}, {"images", images}});
  }
  json["unreadable"] = nlohmann::json::array();
  for (const auto& [id, problem] : inspection.unreadable)
    json["unreadable"].push_back({{"image", id}, {"problem", problem}});
  json["split"] = to_json(inspection.split);
  if (!inspection.split_problem.empty()) json["split"]["problem"] = inspection.split_problem;
  for (std::size_t part = 0; part < inspection.split_counts.size(); ++part) {
    auto& of_part = json["split"]["counts"][std::string(to_string(static_cast<Part>(part)))];
    for (std::size_t i = 0; i < inspection.classes.size(); ++i)
      of_part[inspection.classes[i]] = inspection.split_counts[part][i];
  }
  return json;
}

}  // namespace dermdistill
