#include "wechat/wechat.hpp"

namespace auth {

WeChat::WeChat(mortise::Host /*host*/) {}

void WeChat::bind(mortise::Bindings& /*on*/) {}

}  // namespace auth
