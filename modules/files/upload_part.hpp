// The part `file` of a form.
#pragma once

#include <mortise/request.hpp>

namespace files {

// Other parts are left alone, since clients send some. Throws Problem 422 when there is none, or more than one.
mortise::Part uploadPart(const mortise::Request& request);

}  // namespace files
