namespace OtpActors.Infrastructure.Channels.Mail;

/// <summary>
/// Open for a while after the server refused what concerns all mails alike: connection, TLS, sign-in or sender. While it is
/// open mails fail at once, and the server is left in peace. Thread-safe.
/// </summary>
internal sealed class SmtpBreaker(TimeSpan pause, TimeProvider time)
{
    private volatile Fault? _fault;

    /// <exception cref="NotificationException">It is open.</exception>
    public void ThrowIfOpen()
    {
        if (_fault is { } fault && time.GetElapsedTime(fault.Since) < pause)
        {
            throw new NotificationException(fault.Cause.Message, fault.Cause, fault.Cause.CanPass);
        }
    }

    /// <returns>What to throw.</returns>
    public NotificationException Open(NotificationException cause)
    {
        _fault = new Fault(cause, time.GetTimestamp());
        return cause;
    }

    public void Close() => _fault = null;

    private sealed record Fault(NotificationException Cause, long Since);
}
