// The page behind the one-time set-up link, which creates the first administrator.
#pragma once

#include <string>
#include <string_view>

namespace mortise::kernel {

// In the language "zh-CN", else in English.
const std::string& setupPage(std::string_view language);
std::string_view setupScript();

}  // namespace mortise::kernel
