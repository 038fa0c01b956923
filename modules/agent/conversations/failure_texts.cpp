#include "conversations/failure_texts.hpp"

#include <mortise/mail_text.hpp>

#include <algorithm>
#include <iterator>

namespace agent {
namespace {

struct Words {
  FailureText what;
  std::string_view english, chinese;
};
constexpr Words kWords[] = {
    {FailureText::serverGone, "The server that ran the task is gone, which ended it; send a message to go on.",
     "任务所在的服务器已停止，任务中断，请继续发送消息。"},
    {FailureText::serverStops, "The server stops, which ended the task; send a message to go on.",
     "服务器正在停止，任务中断，请继续发送消息。"},
    {FailureText::sessionFull, "The session is full; begin a new one.", "该会话已满，请新建会话。"},
    {FailureText::internalError, "An internal error ended the task; send a message to go on.",
     "内部错误，任务中断，请继续发送消息。"},
    {FailureText::noModel, "No model is set up.", "尚未配置模型"},
    {FailureText::runInterrupted, "The run was interrupted.", "任务中断"},
    {FailureText::runTimedOut, "The run took too long.", "运行超时"},
    {FailureText::tokensUsed, "the tokens of the day are used up", "今日令牌额度已用完"},
    {FailureText::modelSilent, "the model says nothing", "模型没有回答"},
    {FailureText::modelAddressRefused, "this server may not connect to the model's address", "不允许连接模型地址"},
    {FailureText::modelDenied, "the model's server refuses the key", "模型服务拒绝了密钥"},
    {FailureText::modelRejected, "the model's server refuses the question", "模型服务拒绝了请求"},
    {FailureText::modelBusy, "the model's server is busy", "模型服务繁忙"},
    {FailureText::modelTimedOut, "the model's server did not answer in time", "模型服务超时"},
    {FailureText::modelUnreadable, "the answer of the model's server can't be read", "模型服务的回答无法读取"},
    {FailureText::modelTooLong, "the model's answer is too long", "模型的回答过长"},
    {FailureText::modelContextTooLong, "the conversation is longer than what the model takes",
     "对话超出模型的上下文长度"},
    {FailureText::modelUnreachable, "the model's server can't be reached", "无法连接模型服务"}};

}  // namespace

std::string_view failureText(FailureText what, std::string_view language) noexcept {
  const auto* const words =
      std::find_if(std::begin(kWords), std::end(kWords), [&](const Words& each) { return each.what == what; });
  return mortise::isChinese(language) ? words->chinese : words->english;
}

std::string modelFailureText(std::string_view reason) { return std::string("调用语言模型失败: ").append(reason); }

std::string stepFailureText(std::string_view language, std::string_view reason) {
  return std::string(mortise::isChinese(language) ? "步骤失败：" : "The step failed: ").append(reason);
}

std::string tooManyCallsText(std::string_view language, std::int64_t most) {
  const auto count = std::to_string(most);
  return mortise::isChinese(language) ? "已达到最大迭代次数 " + count : "more than " + count + " calls of tools";
}

std::string repeatedCallText(std::string_view language, std::string_view function, int times) {
  const std::string name(function);
  const auto count = std::to_string(times);
  return mortise::isChinese(language)
             ? "同一工具 " + name + " 以相同参数重复调用 " + count + " 次而没有新结果"
             : "the tool " + name + " was called " + count + " times with the same arguments and the same result";
}

}  // namespace agent
