import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.services.firehose.model.FirehoseException;

/** How answers are checked. */
class Check {
    /** How long something that must happen may take. */
    static final Duration SOON = Duration.ofMinutes(1);

    static void equal(String what, Object found, Object wanted) {
        check(Objects.equals(found, wanted), what + ": found " + found + ", wanted " + wanted);
    }

    static void check(boolean is, String otherwise) {
        if (!is) {
            throw new AssertionError(otherwise);
        }
    }

    /** Refused with this code, and with the class that the SDK has for it. */
    static void refused(String code, Class<? extends AwsServiceException> type, Runnable call) {
        try {
            call.run();
        } catch (AwsServiceException error) {
            equal("the code of the error", error.awsErrorDetails().errorCode(), code);
            equal("the class of the error", error.getClass(), type);
            return;
        }
        throw new AssertionError("it was not refused: " + code);
    }

    /** Refused with what the SDK has no class for. */
    static void refused(String code, Runnable call) {
        refused(code, FirehoseException.class, call);
    }

    /** Asks again until the answer is yes; not for ever. */
    static void until(String what, BooleanSupplier call) throws InterruptedException {
        Instant end = Instant.now().plus(SOON);
        while (!call.getAsBoolean()) {
            check(Instant.now().isBefore(end), "it never happened: " + what);
            Thread.sleep(100);
        }
    }
}
