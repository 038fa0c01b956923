#include "core/contract/kernel_contract.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace mortise::contract {

extern const std::string_view kKernelContract;
extern const std::vector<std::pair<std::string, int>> kKernelContractLines;

DocumentSource kernelContract() {
  return {"kernel", "core/contract/kernel.yaml", std::string(kKernelContract), kKernelContractLines};
}

LengthLimits administratorPassword() {
  json::Document document;
  json::ParseError error;
  if (!json::parse(kKernelContract, document, error)) throw std::logic_error("kernel.yaml: " + error.reason);
  const json::Value* at = &document;
  for (const auto* step :
       {"paths", "/setup", "post", "requestBody", "content", "application/json", "schema", "properties", "password"}) {
    at = json::member(*at, step);
    if (at == nullptr || !at->IsObject()) throw std::logic_error(std::string("kernel.yaml has no ") + step);
  }
  const auto* least = json::member(*at, "minLength");
  const auto* most = json::member(*at, "maxLength");
  if (least == nullptr || most == nullptr || !least->IsUint64() || !most->IsUint64())
    throw std::logic_error("kernel.yaml does not limit the administrator's password");
  return {least->GetUint64(), most->GetUint64()};
}

}  // namespace mortise::contract
