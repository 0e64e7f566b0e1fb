#include "native/cli/audit_output.h"

#include <algorithm>

#include "core/metrics/target.h"
#include "native/cli/printed.h"

namespace dermdistill {
namespace {

constexpr char kUntested[] = "Skin type is not in the data: how the model does on darker skin is untested.";

const OperatingPoint* melanoma_point(const ModelCard& card) {
  const auto found = std::find_if(card.operating_points.begin(), card.operating_points.end(),
                                  [](const OperatingPoint& point) { return point.target == kMelanomaClass; });
  return found == card.operating_points.end() ? nullptr : &*found;
}

/// Two digits: groups are too small for more.
std::string group_figure(const std::optional<Interval>& interval) {
  if (!interval) return "-";
  if (!interval->has_bounds()) return printed("%.2f", interval->value);
  return printed("%.2f (%.2f-%.2f)", interval->value, interval->low, interval->high);
}

std::string figures_row(const std::vector<std::string>& figures) {
  std::string text;
  for (const std::string& figure : figures) text += printed("  %-16s", figure.c_str());
  return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
}

std::string group_row(const Subgroup& group, int width) {
  const std::string counts =
      printed("  %-*s %7lld %8lld %10lld %8d", width, group.name.c_str(), static_cast<long long>(group.images),
              static_cast<long long>(group.lesions), static_cast<long long>(group.melanomas), group.classes);
  if (!group.metrics) return counts + "\n";
  std::optional<Interval> sensitivity, specificity;
  for (const DecisionThreshold& point : group.metrics->operating_points) {
    if (point.target != kMelanomaClass) continue;
    sensitivity = point.sensitivity, specificity = point.specificity;
    break;
  }
  return counts + figures_row({group_figure(sensitivity), group_figure(specificity),
                               group_figure(group.metrics->balanced_accuracy), group_figure(group.metrics->accuracy),
                               group_figure(group.metrics->melanoma_auc)});
}

std::string subgroup_text(const ModelCard& card, const SubgroupReport& report) {
  int width = 14;
  for (const Grouping& grouping : report.groupings) {
    for (const Subgroup& group : grouping.groups)
      width = std::max(width, static_cast<int>(std::min<std::size_t>(group.name.size() + 2, 26)));
  }
  std::string text = "Groups of patients";
  if (const OperatingPoint* point = melanoma_point(card))
    text += printed("; sensitivity and specificity are melanoma's at the card's operating point %s >= %.3f",
                    point->target.c_str(), point->threshold);
  text += printed("\n  %-*s %7s %8s %10s %8s", width, "", "images", "lesions", "melanomas", "classes");
  text += figures_row({"sensitivity", "specificity", "balanced acc.", "accuracy", "melanoma AUC"});
  text += group_row(report.all, width);
  for (const Grouping& grouping : report.groupings) {
    text += "  " + grouping.name + (grouping.groups.empty() ? ": not in the data\n" : "\n");
    for (Subgroup group : grouping.groups) {
      group.name = "  " + group.name;
      text += group_row(group, width);
    }
  }
  if (report.all.metrics && report.all.metrics->bootstrap_samples > 0) {
    text += printed("  in brackets: %.0f %% interval, %d bootstrap samples by lesion\n",
                    100 * report.all.metrics->confidence, report.all.metrics->bootstrap_samples);
  }
  text += printed(
      "  balanced accuracy is the mean over the classes that occur in the group; groups of fewer than %lld "
      "images have no figures\n",
      static_cast<long long>(kFewestGroupImages));
  return text + "  " + kUntested + "\n";
}

std::string changed_row(const std::string& name, double share) {
  return printed("  %-38s %5.1f %%\n", name.c_str(), 100 * share);
}

std::string stability_text(const Stability& stability, const char* heading) {
  std::string text = std::string("  ") + heading + "\n";
  for (const ChangedShare& variation : stability.variations)
    text += changed_row("  " + variation.name, variation.changed);
  const std::string count = std::to_string(stability.variations.size());
  text += changed_row("  mean of the " + count, stability.mean);
  return text + changed_row("  changed by any of the " + count, stability.any);
}

std::string refused_row(const Refusals& refusals, const std::string& indent, int width) {
  return printed("  %s%-*s %8lld %7.1f %%", indent.c_str(), width - static_cast<int>(indent.size()),
                 refusals.name.c_str(), static_cast<long long>(refusals.pictures), 100 * refusals.share());
}

std::string stranger_text(const StrangerReport& report) {
  int width = 18;
  for (const StrangeKind& kind : report.kinds)
    width = std::max(width, static_cast<int>(std::min<std::size_t>(kind.refusals.name.size() + 2, 26)));
  std::string text = printed(
      "Strange pictures, refused where their score is above the card's threshold %.3f\n"
      "  %-*s %8s %9s %8s\n",
      report.threshold, width, "", "pictures", "refused", "AUROC");
  text += refused_row(report.real, "", width) + "\n";
  for (const Refusals& refusals : report.real_classes) text += refused_row(refusals, "  ", width) + "\n";
  const auto kind_row = [&](const StrangeKind& kind, const char* indent) {
    return refused_row(kind.refusals, indent, width) + printed(" %8.3f\n", kind.auroc);
  };
  StrangeKind all = report.strange;
  all.refusals.name = "strange pictures";
  text += kind_row(all, "");
  for (const StrangeKind& kind : report.kinds) text += kind_row(kind, "  ");
  if (!report.unreadable.empty())
    text += printed("  left out, because they cannot be read: %zu\n", report.unreadable.size());
  return text;
}

using nlohmann::ordered_json;

ordered_json group_json(const Subgroup& group) {
  ordered_json result = {{"name", group.name},
                         {"images", group.images},
                         {"lesions", group.lesions},
                         {"melanomas", group.melanomas},
                         {"classes", group.classes}};
  if (!group.metrics) return result;
  const nlohmann::json metrics = to_json(*group.metrics);
  for (const char* field : {"operating_points", "balanced_accuracy", "accuracy", "melanoma_auc"})
    result[field] = metrics.at(field);
  return result;
}

ordered_json stability_json(const Stability& stability) {
  ordered_json variations = ordered_json::object();
  for (const ChangedShare& variation : stability.variations) variations[variation.name] = variation.changed;
  return {{"changed", variations}, {"mean", stability.mean}, {"any", stability.any}};
}

ordered_json refusals_json(const Refusals& refusals) {
  return {{"name", refusals.name},
          {"pictures", refusals.pictures},
          {"refused", refusals.refused},
          {"share", refusals.share()}};
}

ordered_json stranger_json(const StrangerReport& report) {
  const auto kind_json = [](const StrangeKind& kind) {
    ordered_json result = refusals_json(kind.refusals);
    result["auroc"] = kind.auroc;
    return result;
  };
  ordered_json classes = ordered_json::array(), kinds = ordered_json::array(), unreadable = ordered_json::array();
  for (const Refusals& refusals : report.real_classes) classes.push_back(refusals_json(refusals));
  for (const StrangeKind& kind : report.kinds) kinds.push_back(kind_json(kind));
  for (const UnreadablePicture& picture : report.unreadable)
    unreadable.push_back({{"picture", picture.file}, {"problem", picture.problem}});
  return {{"threshold", report.threshold},
          {"real", refusals_json(report.real)},
          {"real_classes", classes},
          {"strange", kind_json(report.strange)},
          {"kinds", kinds},
          {"unreadable", unreadable}};
}

}  // namespace

std::string audit_text(const ModelCard& card, const AuditResult& result) {
  std::string text =
      subgroup_text(card, result.subgroups) + "\nStability: images whose most probable class becomes another\n" +
      stability_text(result.turned, "in another orientation") + stability_text(result.stored, "stored again as JPEG");
  if (result.strangers) text += "\n" + stranger_text(*result.strangers);
  return text;
}

nlohmann::ordered_json to_json(const AuditResult& result) {
  const Subgroup& all = result.subgroups.all;
  ordered_json subgroups = {{"all", group_json(all)}};
  for (const Grouping& grouping : result.subgroups.groupings) {
    ordered_json groups = ordered_json::array();
    for (const Subgroup& group : grouping.groups) groups.push_back(group_json(group));
    std::string key = grouping.name;
    std::replace(key.begin(), key.end(), ' ', '_');
    subgroups[key] = groups;
  }
  subgroups["intervals"] = {{"samples", all.metrics ? all.metrics->bootstrap_samples : 0},
                            {"confidence", all.metrics ? all.metrics->confidence : 0},
                            {"seed", all.metrics ? all.metrics->seed : 0}};
  subgroups["untested"] = kUntested;
  return {{"subgroups", subgroups},
          {"stability", {{"orientations", stability_json(result.turned)}, {"jpeg", stability_json(result.stored)}}},
          {"strange_pictures", result.strangers ? stranger_json(*result.strangers) : ordered_json(nullptr)}};
}

}  // namespace dermdistill
