// The core's exceptions as JavaScript errors with a kind and a message.
#pragma once

#include <exception>
#include <new>
#include <string>
#include <type_traits>
#include <utility>

#include "core/base/error.h"

namespace dermdistill::wasm {

/// Throws an Error whose name is "CoreError"; see core.d.ts.
[[noreturn]] void throw_core_error(const char* kind, const std::string& message);

/// Calls `body`; what it throws becomes a CoreError. The JavaScript error is thrown outside the C++ handlers, so that
/// these are left in order.
template <typename Body>
auto guarded(Body&& body) -> std::invoke_result_t<Body> {
  const char* kind = "internal";
  std::string message;
  try {
    return std::forward<Body>(body)();
  } catch (const FormatError& error) {
    kind = "format";
    message = error.what();
  } catch (const ShapeError& error) {
    kind = "shape";
    message = error.what();
  } catch (const NumericError& error) {
    kind = "numeric";
    message = error.what();
  } catch (const InputError& error) {
    kind = "input";
    message = error.what();
  } catch (const std::bad_alloc&) {
    kind = "memory";
    message = "memory: there is not enough for this; expected a smaller picture or fewer of them at once";
  } catch (const std::exception& error) {
    message = error.what();
  }
  throw_core_error(kind, message);
}

}  // namespace dermdistill::wasm
