#include "native/cli/audit_output.h"

#include <algorithm>
#include <cmath>

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

std::string figure_text(const std::optional<DisturbedFigure>& figure) {
  if (!figure) return "-";
  std::string text = printed("%.3f, %+.3f", figure->value.value, figure->change.value);
  if (!figure->change.has_bounds()) return text;
  return text + printed(" (%+.3f to %+.3f)", figure->change.low, figure->change.high);
}

std::string undisturbed_text(const Interval& interval) {
  if (!interval.has_bounds()) return printed("%.3f", interval.value);
  return printed("%.3f (%.3f to %.3f)", interval.value, interval.low, interval.high);
}

/// As stability_text(), with the figures beside every share.
std::string robustness_text(const Robustness& robustness) {
  const auto row = [](const std::string& name, const std::string& changed, const std::string& auc,
                      const std::string& balanced) {
    const std::string text =
        printed("    %-36s %7s   %-34s %s", name.c_str(), changed.c_str(), auc.c_str(), balanced.c_str());
    return text.substr(0, text.find_last_not_of(' ') + 1) + "\n";
  };
  const DisturbedFigures& plain = robustness.undisturbed;
  const Stability& stability = robustness.stability;
  std::string text = printed("  %-38s %7s   %-34s %s\n", "with what else users' pictures show", "changed",
                             "melanoma AUC", "balanced accuracy");
  text += row("as they are", "", plain.melanoma_auc ? undisturbed_text(plain.melanoma_auc->value) : "-",
              undisturbed_text(plain.balanced_accuracy.value));
  for (std::size_t k = 0; k < stability.variations.size(); ++k) {
    const DisturbedFigures& figures = robustness.disturbed[k];
    text += row(stability.variations[k].name, printed("%.1f %%", 100 * stability.variations[k].changed),
                figure_text(figures.melanoma_auc), figure_text(figures.balanced_accuracy));
  }
  const std::string count = std::to_string(stability.variations.size());
  text += changed_row("  mean of the " + count, stability.mean);
  text += changed_row("  changed by any of the " + count, stability.any);
  if (robustness.bootstrap_samples > 0) {
    text +=
        printed("  in brackets: %.0f %% interval, of the change where there is one, %d bootstrap samples by lesion\n",
                100 * robustness.confidence, robustness.bootstrap_samples);
  }
  return text;
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

ordered_json interval_json(const Interval& interval) {
  const auto bound = [](double value) { return std::isnan(value) ? ordered_json(nullptr) : ordered_json(value); };
  return {{"value", interval.value}, {"low", bound(interval.low)}, {"high", bound(interval.high)}};
}

/// stability_json() with the figures of the undisturbed images and, by the disturbance's name, those of the others.
ordered_json robustness_json(const Robustness& robustness) {
  const auto figure_json = [](const std::optional<DisturbedFigure>& figure, bool with_change) {
    if (!figure) return ordered_json(nullptr);
    ordered_json json = interval_json(figure->value);
    if (with_change) json["change"] = interval_json(figure->change);
    return json;
  };
  const auto figures_json = [&](const DisturbedFigures& figures, bool with_change) {
    return ordered_json{{"melanoma_auc", figure_json(figures.melanoma_auc, with_change)},
                        {"balanced_accuracy", figure_json(figures.balanced_accuracy, with_change)}};
  };
  ordered_json result = stability_json(robustness.stability);
  result["undisturbed"] = figures_json(robustness.undisturbed, false);
  ordered_json disturbed = ordered_json::object();
  for (std::size_t k = 0; k < robustness.disturbed.size(); ++k)
    disturbed[robustness.stability.variations[k].name] = figures_json(robustness.disturbed[k], true);
  result["disturbed"] = disturbed;
  return result;
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

std::string looks_text(int orientations) {
  if (orientations == 1) return "";
  return printed(
      "  the model answers with the mean over %d orientations: turned within them, a picture is the same to it\n",
      orientations);
}

}  // namespace

std::string audit_text(const ModelCard& card, const AuditResult& result) {
  std::string text = subgroup_text(card, result.subgroups) +
                     "\nStability: images whose most probable class becomes another\n" +
                     stability_text(result.turned, "in another orientation") + looks_text(card.orientations) +
                     stability_text(result.stored, "stored again as JPEG") + robustness_text(result.disturbed);
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
          {"stability",
           {{"orientations", stability_json(result.turned)},
            {"jpeg", stability_json(result.stored)},
            {"disturbances", robustness_json(result.disturbed)}}},
          {"strange_pictures", result.strangers ? stranger_json(*result.strangers) : ordered_json(nullptr)}};
}

}  // namespace dermdistill
