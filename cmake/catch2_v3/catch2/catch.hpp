// Catch2 3 under the header name of Catch2 2, which the tests include. Used only where version 3 is what is installed.
#pragma once

#include <string>

#include <catch2/catch_all.hpp>

using Catch::Approx;

namespace Catch {
using Matchers::EndsWith;
using Matchers::Equals;
using Matchers::Predicate;
using Matchers::StartsWith;
using Matchers::VectorContains;
using Matchers::WithinAbs;
using Matchers::WithinRel;

namespace Matchers {
/// Version 2's Contains of a text; a better match than version 3's, which looks for an element of a range.
inline StringContainsMatcher Contains(const char* text) { return ContainsSubstring(std::string(text)); }
inline StringContainsMatcher Contains(const std::string& text) { return ContainsSubstring(text); }
}  // namespace Matchers
using Matchers::Contains;
}  // namespace Catch
