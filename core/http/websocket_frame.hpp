// What the server writes in the WebSocket protocol: frames, close payloads, the accept key.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace mortise::http {

// Appends one unfragmented, unmasked frame.
void appendFrame(std::string& out, std::uint8_t opcode, std::string_view payload);
// Code and reason, the reason cut to what a control frame holds (at a character's start).
std::string closePayload(int code, std::string_view reason);
std::string webSocketAccept(std::string_view key);

}  // namespace mortise::http
