/* SPDX-License-Identifier: MIT
 *
 * The ops of sight: what their checks refuse, and pictures that are where no picture can be. What they compute,
 * tests/host/lowering/test_sight.py compares with the formulas.
 */
#include "refusals.h"

#define SHAPE "parameters do not match a tensor's shape: elements"
#define CROP "a crop that is not in the picture: columns"
#define AREAS "areas that do not cover the crop: parts"
#define FORMAT "a picture in an unknown format"
#define NOTHING "a search for nothing: classes"
#define GRID "a grid of impossible size: cells"
#define NO_PICTURE "a picture that is not the only input"
#define CONSTANT "a constant ends after the data: offset"

static const refusal_t REFUSALS[] = {
    {"image", FORMAT, {{PARAM(image, format), 10}}},
    {"image", FORMAT, {{PARAM(image, channels), 2}}},
    {"image", FORMAT, {{PARAM(image, channels), 0}}},
    {"image", CROP, {{PARAM(image, width), 5}}},
    {"image", CROP, {{PARAM(image, left), 3}}},
    {"image", CROP, {{PARAM(image, top), 2}}},
    {"image", CROP, {{PARAM(image, left), 0xffff}}},
    {"image", CROP, {{PARAM(image, height), 0xffff}}},
    {"image_mosaic", CROP, {{PARAM(image, top), 1}}},
    {"image_mosaic", CROP, {{PARAM(image, left), 1}}},
    {"image_colours", CROP, {{PARAM(image, left), 1}}},
    {"image", AREAS, {{PARAM(image, share_w), 0}}},
    {"image", AREAS, {{PARAM(image, share_h), 3}}},
    {"image", AREAS, {{PARAM(image, step_h), 4}}},
    {"image", AREAS, {{PARAM(image, step_w), 5}, {PARAM(image, share_w), 4}}},
    {"image", AREAS, {{PARAM(image, step_w), 0xfffe}, {PARAM(image, share_w), 0xfffe}}},
    {"image", AREAS, {{PARAM(image, step_w), 2}, {PARAM(image, share_w), 2}, {PARAM(image, out_w), 12}}},
    {"image", AREAS, {{PARAM(image, out_h), 0}}},
    {"image", AREAS, {{PARAM(image, out_w), 0}, {PARAM(image, width), 0}}},
    {"image", AREAS, {{PARAM(image, step_w), 1}, {PARAM(image, share_w), 2}, {PARAM(image, out_w), 12}}},
    {"image", "an impossible scale of levels: bits", {{PARAM_AT(image, shift, 0), 24}}},
    {"image", "an impossible scale of levels: bits", {{PARAM_AT(image, shift, 1), 24}}},
    {"image", "an impossible scale of levels: bits", {{PARAM_AT(image, shift, 2), 24}}},
    {"image", "a picture of other rows than its tensor", {{PARAM(image, in_h), 7}}},
    {"image", SHAPE, {{PARAM(image, in_w), 9}}},
    {"image", SHAPE, {{PARAM(image, format), 0}}},
    {"image", SHAPE, {{PARAM(image, channels), 3}}},
    {"image_mosaic", SHAPE, {{PARAM(image, channels), 1}}},
    {"image_mosaic", "a picture of other rows than its tensor", {{PARAM(image, format), 5}}},
    {"image_mosaic", "a picture of other rows than its tensor", {{PARAM(image, in_h), 6}}},
    {"image", CONSTANT, {{PARAM(image, table_at), 4}}},
    {"image_colours", CONSTANT, {{PARAM(image, table_at), 4}}},
    /* tensors: the state, the picture, the image */
    {"image", "a picture in the arena: place", {{PLACE(0), MG_PLACE_ARENA}}},
    {"image", "needs a newer Midge on the board: place", {{PLACE(1), MG_PLACE_OUTSIDE + 1}}},
    {"image", "a tensor is outside its memory: offset", {{OFFSET(1), 4}}},
    {"image", NO_PICTURE, {{PLACE(2), MG_PLACE_OUTSIDE}, {OFFSET(2), 0}}},
    {"blobs", NO_PICTURE, {{PLACE(0), MG_PLACE_OUTSIDE}, {OFFSET(0), 0}}},
    {"image",
     "a picture that another op than IMAGE takes: tensor",
     {{INPUT_OUTPUT(0), 2}, {PLACE(0), MG_PLACE_OUTSIDE}, {OFFSET(0), 0}}},
    {"blobs", GRID, {{PARAM(blobs, height), 0}}},
    {"blobs", GRID, {{PARAM(blobs, width), 129}}},
    {"blobs", NOTHING, {{PARAM(blobs, first), 3}}},
    {"blobs", NOTHING, {{PARAM(blobs, max_detections), 0}}},
    {"blobs", NOTHING, {{PARAM(blobs, threshold), 0x80}}},
    {"blobs", NOTHING, {{PARAM(blobs, classes), 300}}},
    {"blobs", SHAPE, {{PARAM(blobs, classes), 2}}},
    {"blobs", SHAPE, {{PARAM(blobs, max_detections), 3}}},
    {"blobs", "too little scratch", {{SCRATCH_SIZE(0), 35}}},
    {"blobs", "a tensor of the wrong dtype", {{DTYPE(0), MG_UINT8}}},
};

static void refused(void) {
    check_refusals(REFUSALS, sizeof REFUSALS / sizeof REFUSALS[0]);
}

const test_t SIGHT_TESTS[] = {{"sight refused", refused}, {NULL, NULL}};
