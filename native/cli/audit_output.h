// An audit as tables for the terminal and as JSON.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "core/io/model_card.h"
#include "native/audit/robustness.h"
#include "native/audit/stability.h"
#include "native/audit/strangers.h"
#include "native/audit/subgroups.h"

namespace dermdistill {

struct AuditResult {
  SubgroupReport subgroups;
  Stability turned, stored;
  Robustness disturbed;
  std::optional<StrangerReport> strangers;
};

/// Three tables; the melanoma figures are those of the card's first operating point of that class. Ends with a line
/// break.
std::string audit_text(const ModelCard& card, const AuditResult& result);

/// {"subgroups", "stability", "strange_pictures": null where none were given}.
nlohmann::ordered_json to_json(const AuditResult& result);

}  // namespace dermdistill
