// Answers of models, from anywhere: what is read is valid JSON, and reading ends.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "json_text.hpp"
#include "loop/json_repair.hpp"
#include "loop/plan.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  rapidjson::Document read;
  if (agent::repairJsonObject(text, read)) {
    rapidjson::Document again;
    if (!read.IsObject() || !agent::parseJson(mortise::models::toText(read), again)) std::abort();
  }
  agent::readPlan(text);
  agent::readOutcome(text);
  agent::growingMember(text, "message");
  agent::readProgress(text);
  return 0;
}
