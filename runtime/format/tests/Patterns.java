import java.nio.file.*;
import java.time.*;
import java.time.format.DateTimeFormatter;
import java.util.*;

/**
 * Prints a table of date patterns anew, which is the first argument: `java Patterns.java patterns.tsv`. Its first row
 * has the instants (milliseconds since 1970, and a zone where that is not UTC), its first column the patterns.
 */
class Patterns {
    public static void main(String[] arguments) throws Exception {
        List<String> lines = Files.readAllLines(Path.of(arguments[0]));
        System.out.println(lines.get(0));
        List<ZonedDateTime> times = new ArrayList<>();
        for (String column : lines.get(0).split("\t")) {
            if (column.equals("pattern")) continue;
            String[] parts = column.split(" ");
            ZoneId zone = ZoneId.of(parts.length > 1 ? parts[1] : "UTC");
            times.add(Instant.ofEpochMilli(Long.parseLong(parts[0])).atZone(zone));
        }
        for (String line : lines.subList(1, lines.size())) {
            String pattern = line.split("\t", -1)[0];
            DateTimeFormatter formatter = DateTimeFormatter.ofPattern(pattern, Locale.US);
            StringBuilder row = new StringBuilder(pattern);
            for (ZonedDateTime time : times) row.append('\t').append(formatter.format(time));
            System.out.println(row);
        }
    }
}
