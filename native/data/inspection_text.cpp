// An Inspection as a page for a terminal.
#include <algorithm>
#include <cstdio>
#include <numeric>

#include "native/base/text.h"
#include "native/data/inspection.h"

namespace dermdistill {
namespace {

constexpr std::size_t kNamesShown = 5;  // names listed in full before "and N more"

std::int64_t sum(const std::vector<std::int64_t>& values) {
  return std::accumulate(values.begin(), values.end(), std::int64_t{0});
}

std::string count(std::int64_t number, const std::string& noun, const std::string& nouns) {
  return std::to_string(number) + " " + (number == 1 ? noun : nouns);
}

template <typename... Values>
std::string line(const char* format, Values... values) {
  char text[512];
  std::snprintf(text, sizeof text, format, values...);
  return text;
}

std::string same_files(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " = ") + name;
  return text;
}

std::string some_groups(const std::vector<std::vector<std::string>>& groups) {
  std::vector<std::string> texts;
  texts.reserve(groups.size());
  for (const auto& group : groups) texts.push_back(same_files(group));
  return some_of(texts, kNamesShown);
}

std::string class_table(const Inspection& inspection) {
  constexpr std::int64_t kBar = 40;
  const std::int64_t total = sum(inspection.images);
  const std::int64_t most =
      std::max<std::int64_t>(1, *std::max_element(inspection.images.begin(), inspection.images.end()));
  std::string text = line("  %-12s %8s %8s %7s\n", "class", "images", "lesions", "share");
  for (std::size_t i = 0; i < inspection.classes.size(); ++i) {
    const auto cells = static_cast<std::size_t>((inspection.images[i] * kBar + most - 1) / most);
    text +=
        line("  %-12s %8lld %8lld %6.1f%%  ", inspection.classes[i].c_str(),
             static_cast<long long>(inspection.images[i]), static_cast<long long>(inspection.lesions[i]),
             100.0 * static_cast<double>(inspection.images[i]) / static_cast<double>(std::max<std::int64_t>(1, total)));
    text += std::string(cells, '#') + (cells == 0 ? "(empty)" : "") + "\n";
  }
  return text + line("  %-12s %8lld %8lld\n", "all", static_cast<long long>(total),
                     static_cast<long long>(sum(inspection.lesions)));
}

std::string lesion_lines(const Inspection& inspection) {
  const std::int64_t total = sum(inspection.images);
  std::string text =
      "Lesions: " + count(inspection.images_with_lesion, "image names its lesion", "images name their lesion");
  if (inspection.images_with_lesion < total)
    text += ", " + std::to_string(total - inspection.images_with_lesion) + " do not and count as a lesion each";
  text += "\n";
  std::int64_t more = 0, most = 0;
  for (const auto& [images, lesions] : inspection.lesions_of_size) {
    most = std::max(most, images);
    if (images <= 4)
      text += "  " + count(lesions, "lesion", "lesions") + " with " + count(images, "image", "images") + "\n";
    more += images > 4 ? lesions : 0;
  }
  if (more > 0) text += "  " + count(more, "lesion", "lesions") + " with 5 to " + std::to_string(most) + " images\n";
  if (!inspection.lesions_in_two_classes.empty()) {
    text += "  Warning: lesions whose images are in different classes: " +
            some_of(inspection.lesions_in_two_classes, kNamesShown) + "\n";
  }
  return text;
}

std::string file_lines(const Inspection& inspection) {
  std::string text = "Files\n";
  text += "  Missing: " + count(static_cast<std::int64_t>(inspection.missing_files.size()), "row without a file",
                                "rows without a file");
  if (!inspection.missing_files.empty()) {
    std::string of_class;
    for (std::size_t i = 0; i < inspection.classes.size(); ++i) {
      if (inspection.missing_of_class[i] > 0)
        of_class += (of_class.empty() ? "" : ", ") + std::to_string(inspection.missing_of_class[i]) + " " +
                    inspection.classes[i];
    }
    text += " (" + of_class + "): " + some_of(inspection.missing_files, kNamesShown);
  }
  text += "\n  Unlisted: " + count(static_cast<std::int64_t>(inspection.unlisted_files.size()),
                                   "image file without a row", "image files without a row");
  if (!inspection.unlisted_files.empty()) text += ": " + some_of(inspection.unlisted_files, kNamesShown);
  if (!inspection.unknown_rows.empty()) {
    text += "\n  Images in the metadata that the ground truth does not list: " +
            std::to_string(inspection.unknown_rows.size()) + " (" + some_of(inspection.unknown_rows, kNamesShown) + ")";
  }
  text += "\n  Duplicates: " + count(static_cast<std::int64_t>(inspection.duplicates.size()), "group", "groups") +
          " of byte-identical files";
  if (!inspection.duplicates.empty()) text += ": " + some_groups(inspection.duplicates);
  text +=
      "\n  Label conflicts: " + std::to_string(inspection.conflicts.size()) + " of these groups with different labels";
  if (!inspection.conflicts.empty()) text += ": " + some_groups(inspection.conflicts);
  text += "\n";
  for (const auto& [id, problem] : inspection.unreadable)
    text.append("  Unreadable: ").append(id).append(": ").append(problem).append("\n");
  std::vector<std::pair<std::int64_t, std::pair<int, int>>> sizes;
  for (const auto& [size, images] : inspection.sizes) sizes.emplace_back(-images, size);
  std::sort(sizes.begin(), sizes.end());
  text += "  Sizes:";
  for (std::size_t i = 0; i < std::min(sizes.size(), kNamesShown); ++i) {
    text += (i == 0 ? " " : ", ") + std::to_string(sizes[i].second.first) + "x" +
            std::to_string(sizes[i].second.second) + " (" + std::to_string(-sizes[i].first) + ")";
  }
  if (sizes.size() > kNamesShown) text += " and " + std::to_string(sizes.size() - kNamesShown) + " more";
  return text + "\n";
}

std::string metadata_line(const Inspection& inspection) {
  const double total = static_cast<double>(std::max<std::int64_t>(1, sum(inspection.images)));
  const auto share = [total](std::int64_t images) { return 100.0 * static_cast<double>(images) / total; };
  return line("Metadata: age of %.1f%%, sex of %.1f%%, site of %.1f%%, source of %.1f%% of the images\n",
              share(inspection.with_age), share(inspection.with_sex), share(inspection.with_site),
              share(inspection.with_source));
}

std::string split_lines(const Inspection& inspection) {
  std::string text = "Split " + describe(inspection.split) + "\n";
  if (!inspection.split_problem.empty()) return text + "  cannot be made: " + inspection.split_problem + "\n";
  text += line("  %-12s %8s %11s %8s\n", "class", "train", "validation", "test");
  for (std::size_t i = 0; i < inspection.classes.size(); ++i) {
    text += line("  %-12s %8lld %11lld %8lld\n", inspection.classes[i].c_str(),
                 static_cast<long long>(inspection.split_counts[0][i]),
                 static_cast<long long>(inspection.split_counts[1][i]),
                 static_cast<long long>(inspection.split_counts[2][i]));
  }
  text += line("  %-12s %8lld %11lld %8lld\n", "all", static_cast<long long>(sum(inspection.split_counts[0])),
               static_cast<long long>(sum(inspection.split_counts[1])),
               static_cast<long long>(sum(inspection.split_counts[2])));
  if (inspection.duplicates_across_parts > 0) {
    text += "  " +
            count(inspection.duplicates_across_parts, "group of identical files is", "groups of identical files are") +
            " in two parts: different lesions by their ids\n";
  }
  return text;
}

}  // namespace

std::string to_text(const Inspection& inspection) {
  return inspection.folder + ": " + inspection.layout + ", fingerprint " + inspection.fingerprint.substr(0, 16) + "\n" +
         class_table(inspection) + lesion_lines(inspection) + file_lines(inspection) + metadata_line(inspection) +
         split_lines(inspection);
}

}  // namespace dermdistill
