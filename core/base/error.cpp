#include "core/base/error.h"

namespace dermdistill {
namespace {

std::string compose(std::string_view thing, std::string_view problem, std::string_view expected) {
  std::string message(thing);
  message.append(": ").append(problem);
  if (!expected.empty()) message.append("; expected ").append(expected);
  return message;
}

}  // namespace

Error::Error(std::string_view thing, std::string_view problem, std::string_view expected)
    : std::runtime_error(compose(thing, problem, expected)) {}

}  // namespace dermdistill
