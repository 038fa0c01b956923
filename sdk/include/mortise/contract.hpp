// What a generated contract header includes: everything its structs and classes are made of.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mortise/bindings.hpp"
#include "mortise/body_member.hpp"
#include "mortise/json.hpp"
#include "mortise/json_read.hpp"
#include "mortise/operations.hpp"
#include "mortise/reply.hpp"
#include "mortise/request.hpp"
