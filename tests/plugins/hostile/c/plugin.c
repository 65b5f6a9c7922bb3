// Echoes every record, but for those that say what to do wrong.

#include <stdio.h>

#include "standpipe.h"

// The compiler may neither leave out what is of no use nor turn recursion into a loop.
static volatile unsigned kept;

__attribute__((noinline)) static unsigned deep(unsigned level) {
    volatile unsigned frame[64];
    frame[level % 64] = level;
    return level == UINT32_MAX ? level : deep(level + 1) + frame[kept % 64];
}

static void hog(void) {
    for (;;) {
        char *piece = malloc(1 << 20);
        if (!piece) {
            fputs("no memory left\n", stderr);
            abort();
        }
        memset(piece, 1, 1 << 20);
        kept += (unsigned char)piece[kept % (1 << 20)];
    }
}

static void huge(sp_out *out) {
    static char piece[1 << 20];
    memset(piece, 'x', sizeof(piece));
    for (int i = 0; i < 64; i++) sp_emit(out, piece, sizeof(piece));
}

static bool says(sp_text payload, const char *word) { return sp_same(payload, sp_str(word)); }

void sp_transform(const sp_record *record, void *state, sp_out *out) {
    (void)state;
    sp_text payload = record->payload;
    if (says(payload, "loop")) {
        for (;;) kept++;
    } else if (says(payload, "hog")) {
        hog();
    } else if (says(payload, "deep")) {
        kept = deep(0);
    } else if (says(payload, "throw")) {
        fputs("boom at throw\n", stderr);
        abort();
    } else if (says(payload, "exit")) {
        exit(3);
    } else if (says(payload, "huge")) {
        huge(out);
    } else {
        sp_emit(out, payload.data, payload.len);
    }
}
