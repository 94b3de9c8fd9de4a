UPDATE changes SET number = number
