// LabelCalibration: makes single labels of a base as sure as they are right, all others staying as they are.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "nn/model/Model.h"

namespace earshot {

/// The line through a label's logits at which it is as sure as it is right (Platt 1999): logit' = slope logit
/// + offset.
struct LogitLine {
  double slope = 1.0;
  double offset = 0.0;
};

/// The least log loss, by Newton's steps, of windows whose `truth` is 1 where the label is there. The targets
/// are Platt's, short of 0 and 1, so that few windows do not make it sure. A slope below a hundredth is
/// refused: nothing, as without windows of either kind.
LogitLine fit_logit_line(std::span<const float> logits, std::span<const unsigned char> truth);

/// Moves the label's row of the last layer, `head`, and its threshold along.
void move_label(Model& model, const std::string& head, std::size_t label, const LogitLine& line);

}  // namespace earshot
