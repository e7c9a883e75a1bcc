using OtpActors.Hosting;

ProcessCulture.MakeInvariant();
return await OtpActors.CommandLine.Cli.InvokeAsync(args);
