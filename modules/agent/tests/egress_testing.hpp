// Addresses, and a server on the loopback, for tests of the way out of boxes.
#pragma once

#include <cstdint>
#include <string>

#include "egress/reach.hpp"
#include "loopback_server_testing.hpp"

namespace agent::egress {

using testing_peers::answerWith;
using testing_peers::LoopbackServer;
using testing_peers::readUntil;
using testing_peers::say;
using testing_peers::showHead;

inline Address addressOf(const std::string& text, std::uint16_t port) { return Address(Target{text, port, true}); }

}  // namespace agent::egress
