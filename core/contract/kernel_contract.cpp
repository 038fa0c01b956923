#include "core/contract/kernel_contract.hpp"

#include <string_view>

namespace mortise::contract {

extern const std::string_view kKernelContract;
extern const std::vector<std::pair<std::string, int>> kKernelContractLines;

DocumentSource kernelContract() {
  return {"kernel", "core/contract/kernel.yaml", std::string(kKernelContract), kKernelContractLines};
}

}  // namespace mortise::contract
