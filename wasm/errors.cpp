#include "wasm/errors.h"

#include <emscripten/val.h>

namespace dermdistill::wasm {

void throw_core_error(const char* kind, const std::string& message) {
  emscripten::val error = emscripten::val::global("Error").new_(message);
  error.set("name", std::string("CoreError"));
  error.set("kind", std::string(kind));
  error.throw_();
}

}  // namespace dermdistill::wasm
