// ImageAugmentation: rotation, shift and zoom of feature pictures, as Keras' ImageDataGenerator does them.
#pragma once

#include <cstdint>
#include <span>

#include "dsp/features/FeatureRecipe.h"

namespace earshot {

/// One transform, in the words of keras.src.legacy.preprocessing.image.apply_affine_transform.
struct Affine {
  double theta_deg = 0.0;
  double tx = 0.0;  ///< pixels along the columns
  double ty = 0.0;  ///< pixels along the rows
  double zx = 1.0;  ///< of the columns; < 1 magnifies
  double zy = 1.0;  ///< of the rows
};

/// `in` and `out` of shape.size() values, height x width x channels, apart from each other: every pixel of
/// `out` is taken from `in` at A (pixel - centre) + centre + shift, bilinearly, coordinates clamped to the
/// edge (scipy.ndimage.affine_transform, order 1, mode 'nearest'; on a square picture exactly Keras').
void apply_affine(const Affine& affine, const FeatureShape& shape, std::span<const float> in,
                  std::span<float> out);

/// Draws transforms. Stateless after construction: any thread may call it.
class ImageAugmentation {
 public:
  struct Settings {
    double rotation_deg = 10.0;  ///< uniform in +- this
    double height_shift = 0.1;   ///< tx: uniform in +- this part of the height
    double width_shift = 0.1;    ///< ty: uniform in +- this part of the width
    double zoom_low = 0.9;       ///< zx and zy, independent: uniform in zoom_low .. zoom_high
    double zoom_high = 1.1;
  };

  /// Throws Error(config) naming the field unless 0 <= rotation <= 180, 0 <= shifts <= 1, 0.01 <= zoom_low <=
  /// zoom_high <= 10.
  ImageAugmentation(const Settings& settings, const FeatureShape& shape);

  /// The transform that belongs to a key.
  Affine draw(std::uint64_t key) const noexcept;

 private:
  Settings settings_;
  FeatureShape shape_;
};

}  // namespace earshot
