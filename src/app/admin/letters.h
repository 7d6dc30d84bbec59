// Questions about dead letters and their answers, as lines of JSON: the same whether a running
// process answers or a command that has opened the data folder, or connected to the servers,
// itself.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "app/command_line.h"
#include "bus/bus.h"
#include "store/store.h"

namespace insightd::app {

enum class LettersVerb : std::uint8_t { kList, kShow, kReplay, kDrop };

// Without an end of line.
std::string LettersQuestion(LettersVerb verb, const DeadLettersArguments& arguments);

// A line for each letter: of kList and kShow what it is, else `id` and what became of it; of a
// letter that could not be dealt with `id` (where known) and `error` with `code` and `message`.
// An unreadable question is answered with such an error too.
// `bus` is asked for when a letter has to go on its way again.
using AskForBus = std::function<Result<bus::Bus*>()>;
std::string AnswerLetters(const std::string& question, store::Store& store, const AskForBus& bus);

}  // namespace insightd::app
