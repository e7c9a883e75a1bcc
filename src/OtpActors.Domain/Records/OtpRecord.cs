namespace OtpActors.Domain.Records;

/// <summary>What streams through the topic: the owner's address (the key) and the password (the value).</summary>
public readonly record struct OtpRecord(EmailAddress Email, OneTimePassword Otp);
