#include "native/data/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <nlohmann/json.hpp>

#include "core/base/error.h"
#include "core/base/random.h"

namespace dermdistill {
namespace {

/// FNV-1a: the same number for the same text everywhere, which std::hash does not promise.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
  return hash;
}

/// Images that must stay together.
struct Group {
  std::string name;
  std::uint64_t rank = 0;  // its place in the random order
  std::int64_t images = 0;
  int stratum = 0;  // the class of most of its images
};

std::vector<Group> groups_of(const Dataset& dataset, SplitRule rule, std::uint64_t seed) {
  std::map<std::string, std::vector<std::int64_t>> counts;  // group -> images of each class
  for (const auto* samples : {&dataset.samples, &dataset.missing}) {
    for (const Sample& sample : *samples) {
      auto& of_class = counts[rule == SplitRule::ByLesion ? sample.lesion : sample.id];
      of_class.resize(dataset.classes.size());
      ++of_class[static_cast<std::size_t>(sample.label)];
    }
  }
  std::vector<Group> groups;
  for (const auto& [name, of_class] : counts) {
    Group group{name, mix_seed(seed, hash_of(name)), std::accumulate(of_class.begin(), of_class.end(), std::int64_t{0}),
                0};
    group.stratum = static_cast<int>(std::max_element(of_class.begin(), of_class.end()) - of_class.begin());
    groups.push_back(std::move(group));
  }
  std::sort(groups.begin(), groups.end(),
            [](const Group& a, const Group& b) { return a.rank != b.rank ? a.rank < b.rank : a.name < b.name; });
  return groups;
}

/// Gives every group of one class, in their random order, to the part that is furthest behind its share. Integers only,
/// so that ties fall alike everywhere. Returns the part of each group.
std::vector<std::size_t> allocate(const std::vector<const Group*>& groups, const std::vector<std::int64_t>& shares) {
  const std::int64_t whole = std::accumulate(shares.begin(), shares.end(), std::int64_t{0});
  std::vector<std::int64_t> images(shares.size(), 0), members(shares.size(), 0);
  std::vector<std::size_t> part_of;
  std::int64_t total = 0;
  for (const Group* group : groups) {
    total += group->images;
    std::size_t best = 0;
    std::int64_t most = -1;
    for (std::size_t part = 0; part < shares.size(); ++part) {
      const std::int64_t behind = shares[part] * total - images[part] * whole;
      if (shares[part] > 0 && behind > most) {
        most = behind;
        best = part;
      }
    }
    images[best] += group->images;
    ++members[best];
    part_of.push_back(best);
  }
  // A rare class should be measurable in every part: take from the part with most groups, its latest first.
  const auto wanted =
      static_cast<std::size_t>(std::count_if(shares.begin(), shares.end(), [](std::int64_t s) { return s > 0; }));
  for (std::size_t part = 0; groups.size() >= wanted && part < shares.size(); ++part) {
    if (shares[part] == 0 || members[part] > 0) continue;
    const auto richest = static_cast<std::size_t>(std::max_element(members.begin(), members.end()) - members.begin());
    const auto last = std::find(part_of.rbegin(), part_of.rend(), richest);
    *last = part;
    --members[richest];
    ++members[part];
  }
  return part_of;
}

void check(const SplitConfig& config) {
  const auto share = [](double value, const char* name) {
    if (!(value >= 0 && value < 1))
      throw InputError(name, "is " + std::to_string(value), "a share of at least 0 and below 1");
  };
  share(config.validation, "the validation share");
  share(config.test, "the test share");
  if (config.folds != 0 && config.folds < 2)
    throw InputError("the number of folds", "is " + std::to_string(config.folds), "0 (no folds) or at least 2");
  if (config.folds != 0 && (config.fold < 0 || config.fold >= config.folds)) {
    throw InputError("fold " + std::to_string(config.fold), "does not exist",
                     "0 to " + std::to_string(config.folds - 1));
  }
  const double tested = config.folds != 0 ? 1.0 / config.folds : config.test;
  if (config.validation + tested >= 0.999) {
    throw InputError("the split", "leaves nothing to train on",
                     "validation and test shares that together stay below 1");
  }
}

constexpr double kShareUnits = 1e6;
std::int64_t units(double share) { return std::llround(share * kShareUnits); }

/// The part of every group of one class.
std::vector<Part> parts_of(const std::vector<const Group*>& groups, const SplitConfig& config) {
  std::vector<Part> result(groups.size(), Part::Train);
  if (config.folds == 0) {
    const auto whole = static_cast<std::int64_t>(kShareUnits);
    const std::int64_t validation = units(config.validation), test = units(config.test);
    const auto part = allocate(groups, {whole - validation - test, validation, test});
    for (std::size_t i = 0; i < groups.size(); ++i) result[i] = static_cast<Part>(part[i]);
    return result;
  }
  const auto fold = allocate(groups, std::vector<std::int64_t>(static_cast<std::size_t>(config.folds), 1));
  std::vector<const Group*> rest;
  std::vector<std::size_t> place;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (fold[i] == static_cast<std::size_t>(config.fold)) {
      result[i] = Part::Test;
    } else {
      rest.push_back(groups[i]);
      place.push_back(i);
    }
  }
  const std::int64_t validation = units(config.validation);
  const auto part = allocate(rest, {units(1.0 - 1.0 / config.folds) - validation, validation});
  for (std::size_t i = 0; i < rest.size(); ++i) result[place[i]] = static_cast<Part>(part[i]);
  return result;
}

}  // namespace

std::string_view to_string(SplitRule rule) { return rule == SplitRule::ByLesion ? "lesion" : "image"; }

SplitRule parse_split_rule(std::string_view text) {
  if (text == "lesion") return SplitRule::ByLesion;
  if (text == "image") return SplitRule::ByImage;
  throw InputError("split rule \"" + std::string(text) + "\"", "is unknown", "lesion or image");
}

std::string describe(SplitRule rule) {
  return leaks(rule) ? "by image (leaks: images of one lesion are in several parts, so figures are too good)"
                     : "by lesion";
}

std::string describe(const SplitConfig& config) {
  std::string text = describe(config.rule) + ", seed " + std::to_string(config.seed);
  if (config.folds > 0) text += ", fold " + std::to_string(config.fold) + " of " + std::to_string(config.folds);
  return text;
}

std::string_view to_string(Part part) {
  return part == Part::Train ? "train" : part == Part::Validation ? "validation" : "test";
}

Part parse_part(std::string_view text) {
  if (text == "train") return Part::Train;
  if (text == "validation" || text == "val") return Part::Validation;
  if (text == "test") return Part::Test;
  throw InputError("part \"" + std::string(text) + "\"", "is unknown", "train, validation or test");
}

nlohmann::json to_json(const SplitConfig& config) {
  return {{"rule", to_string(config.rule)},
          {"leaks", leaks(config.rule)},
          {"seed", config.seed},
          {"validation", config.validation},
          {"test", config.test},
          {"folds", config.folds},
          {"fold", config.fold}};
}

SplitConfig split_config_from_json(const nlohmann::json& json) {
  const SplitConfig standard;
  try {
    SplitConfig config;
    config.rule = parse_split_rule(json.value("rule", std::string(to_string(standard.rule))));
    config.seed = json.value("seed", standard.seed);
    config.validation = json.value("validation", standard.validation);
    config.test = json.value("test", standard.test);
    config.folds = json.value("folds", standard.folds);
    config.fold = json.value("fold", standard.fold);
    check(config);
    return config;
  } catch (const nlohmann::json::exception& error) {
    throw InputError("the split's configuration", error.what(), "rule, seed, validation, test, folds and fold");
  }
}

const std::vector<int>& Split::part(Part which) const {
  return which == Part::Train ? train : which == Part::Validation ? validation : test;
}

Split split_dataset(const Dataset& dataset, const SplitConfig& config) {
  check(config);
  const std::vector<std::int64_t> counts = dataset.counts();
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0)
      throw InputError("class " + dataset.classes[i], "has no images",
                       "at least one, or no such class in the data set");
  }
  const std::vector<Group> groups = groups_of(dataset, config.rule, config.seed);
  std::vector<std::vector<const Group*>> of_class(dataset.classes.size());
  for (const Group& group : groups) of_class[static_cast<std::size_t>(group.stratum)].push_back(&group);
  std::map<std::string_view, Part> part_of;
  for (const auto& members : of_class) {
    const std::vector<Part> parts = parts_of(members, config);
    for (std::size_t i = 0; i < members.size(); ++i) part_of[members[i]->name] = parts[i];
  }
  Split split;
  for (std::size_t i = 0; i < dataset.samples.size(); ++i) {
    const Sample& sample = dataset.samples[i];
    const Part part = part_of.at(config.rule == SplitRule::ByLesion ? sample.lesion : sample.id);
    (part == Part::Train        ? split.train
     : part == Part::Validation ? split.validation
                                : split.test)
        .push_back(static_cast<int>(i));
  }
  if (split.train.empty())
    throw InputError(dataset.folder.string(), "has too few lesions for the split", "some left to train on");
  return split;
}

std::vector<std::int64_t> counts_of(const Dataset& dataset, std::span<const int> indices) {
  std::vector<std::int64_t> counts(dataset.classes.size(), 0);
  for (const int index : indices)
    ++counts[static_cast<std::size_t>(dataset.samples[static_cast<std::size_t>(index)].label)];
  return counts;
}

}  // namespace dermdistill
