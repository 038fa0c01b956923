// When the projects that ask for it are compiled: nightly at 02:00 UTC, weekly on Sundays then. Plain C++.
#pragma once

#include <mortise/time.hpp>

#include <optional>

#include "registry/project.hpp"

namespace projects {

// The last time before, or at, `now` that projects with this schedule were to be compiled.
mortise::Time lastCompileTime(CompileSchedule schedule, mortise::Time now);
// The next one after `now`; empty: off.
std::optional<mortise::Time> nextCompileTime(CompileSchedule schedule, mortise::Time now);

}  // namespace projects
