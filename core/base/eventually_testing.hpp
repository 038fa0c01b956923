// Waits for what other threads do.
#pragma once

#include <chrono>
#include <thread>

namespace mortise {

// Waits until `holds()`. False after a minute: the time only ends a test that has failed, however slow the machine is.
template <typename Condition>
bool eventually(Condition&& holds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace mortise
