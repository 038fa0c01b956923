// Work in a process of its own, so that a crash or a hang of it is a result.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace mortise {

using SendApart = std::function<void(std::string_view message)>;

// Forks, runs `work` there, and hands what it sends to `receive` as it comes, on this thread. The process ends without
// destructors once `work` has returned, and is killed after `limit` (whole seconds). Call it before threads are started.
// Returns how it ended when `work` did not return: "crashed: Segmentation fault", "did not end within 30 s", what it
// threw; else empty. Throws std::runtime_error when no process can be started.
std::string runApart(std::chrono::seconds limit, const std::function<void(const SendApart& send)>& work,
                     const std::function<void(std::string message)>& receive);

}  // namespace mortise
