import java.io.*;
import java.nio.file.*;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.io.compress.SnappyCodec;
import org.xerial.snappy.SnappyInputStream;

/**
 * Reads objects back: for each compression, object and file on the command line, writes what is in the object to the
 * file. Hadoop's codec has the buffers that it has by default.
 */
class Readback {
    public static void main(String[] arguments) throws IOException {
        SnappyCodec codec = new SnappyCodec();
        codec.setConf(new Configuration(false));
        for (int at = 0; at < arguments.length; at += 3) {
            InputStream object = Files.newInputStream(Path.of(arguments[at + 1]));
            try (InputStream in = reader(codec, arguments[at], object);
                    OutputStream out = Files.newOutputStream(Path.of(arguments[at + 2]))) {
                in.transferTo(out);
            }
        }
    }

    private static InputStream reader(SnappyCodec codec, String compression, InputStream object) throws IOException {
        switch (compression) {
            case "snappy":
                return new SnappyInputStream(object);
            case "hadoop-snappy":
                return codec.createInputStream(object);
            default:
                throw new IllegalArgumentException(compression);
        }
    }
}
